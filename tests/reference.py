"""Slow twins of the kernels, in plain Python and NumPy: the definition to read first."""

import itertools
import math
from collections import defaultdict

import numpy as np
from scipy.special import iv

M64 = 2**64 - 1


def mix(z):
    """SplitMix64's output function."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & M64
    return z ^ (z >> 31)


def draw(key, walk, t):
    """Draw t of a walk."""
    return mix((key + ((walk << 28) + t + 1) * 0x9E3779B97F4A7C15) & M64)


def below(x, n):
    return ((x >> 32) * n) >> 32


def unit(x):
    return (x >> 11) * 2.0**-53


def alias_tables(indptr, indices, weights):
    """Vose's construction, row by row."""
    table = np.zeros((len(indices), 3), np.uint32)
    strength = np.zeros((len(indptr) - 1, 2))
    for u in range(len(indptr) - 1):
        begin, end = int(indptr[u]), int(indptr[u + 1])
        row = [float(w) for w in weights[begin:end]]
        neighbours = indices[begin:end]
        total = 0.0
        for w in row:
            total += w
        strength[u] = total, max(row, default=0.0)
        scaled = [w * (len(row) / total) for w in row]
        table[begin:end] = np.column_stack([np.full(len(row), 2**32 - 1), neighbours, neighbours])
        small = [i for i, s in enumerate(scaled) if s < 1.0]
        large = [i for i, s in enumerate(scaled) if s >= 1.0]
        while small and large:
            i, j = small.pop(), large[-1]
            table[begin + i, 0] = int(scaled[i] * 2.0**32)
            table[begin + i, 2] = neighbours[j]
            scaled[j] = (scaled[j] + scaled[i]) - 1.0
            if scaled[j] < 1.0:
                small.append(large.pop())
    return table, strength


def first_order(indptr, indices, table, key, walk, start, length):
    """One walk; `table` is None for an unweighted graph."""
    path = [start]
    for t in range(1, length):
        begin, end = int(indptr[path[-1]]), int(indptr[path[-1] + 1])
        if begin == end:
            break
        x = draw(key, walk, t - 1)
        arc = begin + below(x, end - begin)
        if table is None:
            path.append(int(indices[arc]))
        else:
            threshold, neighbour, alias = (int(a) for a in table[arc])
            path.append(neighbour if (x & 0xFFFFFFFF) < threshold else alias)
    return path + [-1] * (length - len(path))


def commonness(indices, indptr, weights, q, prev, current, x, extend):
    """How far x counts as a neighbour of `prev`; between 0 and 1 for node2vec+ only (eq. 3 of its paper)."""
    def weight(u, v):
        row = indices[indptr[u]:indptr[u + 1]].tolist()
        return (1.0 if weights is None else float(weights[indptr[u] + row.index(v)])) if v in row else 0.0

    def mean(u):
        return sum(weight(u, v) for v in indices[indptr[u]:indptr[u + 1]]) / (indptr[u + 1] - indptr[u])

    if not extend or weights is None:
        return 1.0 if weight(prev, x) else 0.0
    if indptr[x] < indptr[x + 1] and weight(prev, x) / mean(x) >= 1:
        return 1.0
    if weight(current, x) < mean(current):
        return 0.0 if q >= 1 else 1.0
    return weight(prev, x) / mean(x) if weight(prev, x) else 0.0


def node2vec_weights(indptr, indices, weights, p, q, prev, current, extend=False):
    """The definition: unnormalised probability of each neighbour of `current` after `prev`."""
    result = []
    for i in range(int(indptr[current]), int(indptr[current + 1])):
        x = int(indices[i])
        near = commonness(indices, indptr, weights, q, prev, current, x, extend)
        result.append((1.0 if weights is None else float(weights[i]))
                      * (1 / p if x == prev else 1 / q + (1 - 1 / q) * near))
    return result


def second_order(indptr, indices, weights, table, strength, directed, p, q, key, walk, start, length,
                 extend=False, patience=64):
    """One node2vec walk by the envelope of three components; see ext/_walks.pyx."""
    alpha, beta = 1 / p, 1 / q
    extra_common, extra_return = max(0.0, 1.0 - beta), max(0.0, alpha - beta)
    keep_common, keep_prev = min(1.0, q), min(1.0, alpha * q)
    weighted = weights is not None
    extend = extend and weighted
    rows = [indices[indptr[u]:indptr[u + 1]].tolist() for u in range(len(indptr) - 1)]
    counter = iter(range(2**62))

    def fresh():
        return draw(key, walk, next(counter))

    def near(x):
        return commonness(indices, indptr, weights, q, prev, v, x, extend)

    def alias_draw(u, x):
        arc = int(indptr[u]) + below(x, len(rows[u]))
        if not weighted:
            return rows[u][arc - int(indptr[u])]
        threshold, neighbour, alias = (int(a) for a in table[arc])
        return neighbour if (x & 0xFFFFFFFF) < threshold else alias

    path = [start]
    while len(path) < length:
        v = path[-1]
        if not rows[v]:
            break
        if len(path) == 1:
            path.append(alias_draw(v, fresh()))
            continue
        prev = path[-2]
        # The weight of the arc back: a bound, until a return is proposed.
        back = 1.0 if not weighted else strength[v, 1] if directed else min(strength[v, 1], strength[prev, 1])
        for _ in range(patience):
            mass = float(strength[v, 0]) if weighted else float(len(rows[v]))
            base = beta * mass
            common = extra_common * (mass if weighted else float(min(len(rows[v]), len(rows[prev]))))
            u = unit(fresh()) * (base + common + extra_return * back)
            if u < base:
                x = alias_draw(v, fresh()) if weighted else rows[v][min(int(u * q), len(rows[v]) - 1)]
                if x == prev:
                    kept = keep_prev >= 1.0 or unit(fresh()) < keep_prev
                elif keep_common < 1.0:
                    coin = unit(fresh())
                    kept = coin < keep_common or near(x) < ((1 - coin) * (1 / (1 - q)) if extend else 0.5)
                else:
                    kept = True
            elif u < base + common:
                if weighted:
                    x = alias_draw(v, fresh())
                    coin = unit(fresh()) if extend else 0.5
                    kept = x != prev and near(x) > coin
                else:
                    a, b = (rows[v], rows[prev]) if len(rows[v]) <= len(rows[prev]) else (rows[prev], rows[v])
                    x = a[min(int((u - base) * (1 / extra_common)), len(a) - 1)]
                    kept = x != prev and x in b
            else:
                at = rows[v].index(prev) if prev in rows[v] else None
                back = 0.0 if at is None else float(weights[indptr[v] + at]) if weighted else 1.0
                x, kept = prev, u - (base + common) < extra_return * back
            if kept:
                break
        else:
            mass = node2vec_weights(indptr, indices, weights, p, q, prev, v, extend)
            target = unit(fresh()) * float(np.cumsum(mass)[-1])
            running = np.cumsum(mass)
            x = rows[v][min(int(np.searchsorted(running, target, side="right")), len(rows[v]) - 1)]
        path.append(x)
    return path + [-1] * (length - len(path))


def restart_ends(indptr, indices, table, alpha, key, walk, start, n_ends):
    """A row of `restart_ends`: the start, then ends of walks that stop with probability 1 - alpha a step."""
    counter = iter(range(2**62))
    row = [start]
    for _ in range(n_ends):
        u = start
        while unit(draw(key, walk, next(counter))) < alpha:
            begin, end = int(indptr[u]), int(indptr[u + 1])
            if begin == end:
                u = start
                continue
            x = draw(key, walk, next(counter))
            arc = begin + below(x, end - begin)
            if table is None:
                u = int(indices[arc])
            else:
                threshold, neighbour, alias = (int(a) for a in table[arc])
                u = neighbour if (x & 0xFFFFFFFF) < threshold else alias
        row.append(u)
    return row


def metapath_walk(indptr, indices, weights, types, metapath, key, walk, start, length):
    """One walk; a step looks only at the neighbours of the type asked for."""
    cycle = metapath[:-1]
    places = [i for i, kind in enumerate(cycle) if kind == types[start]]
    path = [start]
    place = places[below(draw(key, walk, 2**28 - 1), len(places))] if places else None
    while places and len(path) < length:
        place = (place + 1) % len(cycle)
        arcs = [i for i in range(int(indptr[path[-1]]), int(indptr[path[-1] + 1])) if types[indices[i]] == cycle[place]]
        if not arcs:
            break
        x = draw(key, walk, len(path) - 1)
        i = below(x, len(arcs))
        if weights is not None:
            table, _ = alias_tables([0, len(arcs)], np.arange(len(arcs)), weights[arcs])
            threshold, one, other = (int(a) for a in table[i])
            i = one if (x & 0xFFFFFFFF) < threshold else other
        path.append(int(indices[arcs[i]]))
    return path + [-1] * (length - len(path))


def chosen_contact(times, bias, scale, fresh, late):
    """Which of the contacts at these ascending times: uniformly, or the later (or earlier) the likelier."""
    n = len(times)
    if bias == "linear":
        a, b = below(fresh(), n + 1), below(fresh(), n)
        rank = max(a, b + (b >= a))
        return rank - 1 if late else n - rank
    if bias == "uniform":
        return below(fresh(), n)
    if not late:  # mirrored in time
        return n - 1 - chosen_contact([-t for t in reversed(times)], bias, scale, fresh, True)
    sums = [1.0]
    for before, after in itertools.pairwise(times):
        sums.append(1.0 + math.exp((before - after) * (1 / scale)) * sums[-1])
    target = (1.0 - unit(fresh())) * sums[-1]
    return next(i for i in range(n) if math.exp((times[i] - times[-1]) * (1 / scale)) * sums[i] >= target or i == n - 1)


def temporal_walk(contacts, directed, start_bias, bias, scale, strict, key, walk, start, length):
    """One walk over contacts (source, target, time); `start` is None to begin with any of them."""
    contacts = [c if directed else (min(c[:2]), max(c[:2]), c[2]) for c in contacts]
    arcs = contacts + [(v, u, t) for u, v, t in contacts if u != v and not directed]
    counter = iter(range(2**62))

    def fresh():
        return draw(key, walk, next(counter))

    if start is None:
        u, v, now = sorted(contacts, key=lambda c: (c[2], c[0], c[1]))[
            chosen_contact(sorted(c[2] for c in contacts), start_bias, scale, fresh, True)]
        if not directed and fresh() >> 63:
            u, v = v, u
        path = [u, v]
    else:
        row = sorted((t, v) for u, v, t in arcs if u == start)
        path = [start]
        if row:
            now, v = row[chosen_contact([t for t, _ in row], start_bias, scale, fresh, True)]
            path.append(v)
    while 1 < len(path) < length:
        row = sorted((t, v) for u, v, t in arcs if u == path[-1] and (t > now if strict else t >= now))
        if not row:
            break
        now, v = row[chosen_contact([t for t, _ in row], bias, scale, fresh, False)]
        path.append(v)
    return (path + [-1] * (length - len(path)))[:length]


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def subsampled(walk, walk_id, key, keep):
    """A walk without the frequent nodes; `keep` holds a node's largest coin."""
    return [u for t, u in enumerate(walk) if (draw(key, walk_id, t) & 0xFFFFFFFF) <= keep[u]]


def windows(walk, walk_id, *, noise, window, n_negative, key, block=None):
    """(position, places of its window, negatives) of each position; with `block`, of each piece of a window.

    With a window of 0 only of the first position, whose window is the walk.
    """
    pool = mix(key ^ mix(walk_id))
    for i in range(len(walk) if window else min(len(walk), 1)):
        reach = 1 + below(draw(key, walk_id, i), window) if window else len(walk)
        negatives = [int(noise[(pool + i * n_negative + k) % len(noise)]) for k in range(n_negative)]
        first, last = max(0, i - reach), min(len(walk) - 1, i + reach)
        size = block or 2 * (window or len(walk)) + 1
        for begin in range(first, last + 1, size):
            yield i, [j for j in range(begin, min(begin + size, last + 1)) if j != i], negatives


def errors(vectors, contexts, places, centre, negatives, rate, tile):
    """Inputs, outputs, rate times errors (inputs x outputs), and the loss of the pairs."""
    width = -(-(1 + len(negatives)) // tile) * tile
    padding = width - 1 - len(negatives)
    outputs = np.array([centre, *negatives, *[centre] * padding])
    teaches = np.array([True, *(v != centre for v in negatives), *[False] * padding])
    label = np.zeros(width)
    label[0] = 1.0
    inputs = list(dict.fromkeys(places))  # a node that stands twice is one input with both errors
    times = np.array([places.count(u) for u in inputs])
    s = sigmoid(vectors[inputs] @ contexts[outputs].T)
    surprise = -np.log(np.maximum(np.where(label == 1, s, 1 - s), 1e-12)) * teaches
    return inputs, outputs, rate * (label - s) * teaches * times[:, None], times @ surprise.sum(axis=1)


def update(vectors, contexts, inputs, outputs, g, tile, frozen=False):
    """Input by input, each sees what those before it did to the outputs."""
    for k in range(0, len(outputs), tile):
        distinct, where = np.unique(outputs[k:k + tile], return_inverse=True)
        error = g[:, k:k + tile] @ np.eye(len(distinct))[where]  # and so with outputs
        v = contexts[distinct]
        for m, u in enumerate(inputs):
            old = vectors[u].copy()
            vectors[u] += error[m] @ v
            if not frozen:
                v += np.outer(error[m], old)
        if not frozen:
            contexts[distinct] = v


def train_walk(vectors, contexts, walk, walk_id, rate, *, noise, window, n_negative, key, first_input=0,
               frozen=False, tile=6, step=0.53):
    """Skip-gram with negative sampling on one walk, in place; see ext/sgns_kernel.h.

    Returns tokens, pairs, and the loss of each block as a list of (position, pairs, loss).
    """
    walk = [int(u) for u in walk if u >= 0]
    block = None if rate * (2 * window + 1 if window else len(walk)) <= step else max(1, int(step / rate))
    pairs, losses = 0, []
    for i, places, negatives in windows(walk, walk_id, noise=noise, window=window, n_negative=n_negative, key=key,
                                        block=block):
        places = [walk[j] - first_input for j in places if 0 <= walk[j] - first_input < len(vectors)]
        if walk[i] >= len(contexts) or not places:
            continue
        inputs, outputs, g, loss = errors(vectors, contexts, places, walk[i], negatives, rate, tile)
        update(vectors, contexts, inputs, outputs, g, tile, frozen)
        pairs += len(places)
        losses.append((i, len(places), loss))
    return len(walk), pairs, losses


def visits(walk, window):
    """How often the node of a place stands there and around it, with gaps of 2 * window at most."""
    count, group = [], []
    for i, u in enumerate(walk):
        near = [j for j in range(max(0, i - 2 * window), i) if walk[j] == u]
        group.append(group[near[-1]] if near else len(count))
        if not near:
            count.append(0)
        count[group[i]] += 1
    return [count[k] for k in group]


def train_batches(vectors, contexts, walks, ids, rates, *, part, n_parts, noise, window, n_negative, key, damping=None,
                  tile=6, burst=0.8, bits=13):
    """The same in batches of `n_parts` parts of `part` places, each trained by itself.

    A part changes at once the rows of nodes that no other part has; which nodes these are a table of hashes tells,
    where nodes may be taken for each other. As an input, it trains a copy of any other row; as an output, a copy for
    each window. What the copies gained is added, scaled by `damping`, when all parts are done. Damped rows are copied.

    Where a walk visits a centre more than `burst` / (rate * (window + 1)) times and its row is copied, it teaches as
    if so often. With a window of 0 see `windows`.

    Returns tokens, pairs, and the loss of each window as a list of (position + number of the walk, pairs, loss).
    """
    n, centres = len(vectors), walks.shape[1] if window else 1
    damp_u, damp_v = np.ones((2, n)) if damping is None else damping
    tokens, pairs, losses = 0, 0, []

    def place(u):
        return (u * 0x9E3779B1 & 0xFFFFFFFF) >> (32 - bits)

    def steps(w, first):
        """The walk, the places near the piece from `first` on, and its windows."""
        walk = [int(u) for u in walks[w] if u >= 0]
        near = range(max(0, first - window), min(len(walk), min(first + part, centres) + (window or len(walk))))
        every = windows(walk, ids[w], noise=noise, window=window, n_negative=n_negative, key=key)
        return walk, near, [step for step in every if first <= step[0] < first + part]

    whole = max(1, part // centres)
    batches = [[[(w, first) for w in range(i, min(i + whole, len(walks)))]
                for i in range(start, start + n_parts * whole, whole)]
               for start in range(0, len(walks), n_parts * whole) for first in range(0, centres, part)]
    for parts in batches:
        of_inputs = defaultdict(set)
        of_outputs = of_inputs if vectors is contexts else defaultdict(set)
        for k, pieces in enumerate(parts):
            for walk, near, mine in itertools.starmap(steps, pieces):
                for j in near:
                    of_inputs[place(walk[j])].add(k)
                for i, _, negatives in mine:
                    for v in (walk[i], *negatives):
                        of_outputs[place(v)].add(k)
        copied = [u for u in range(n) if len(of_inputs[place(u)]) > 1 or damp_u[u] < 1]
        kept = [v for v in range(n) if len(of_outputs[place(v)]) > 1 or damp_v[v] < 1]
        gained = []
        for w, first in itertools.chain(*parts):
            walk, near, mine = steps(w, first)
            rate = rates[w]
            counts = dict(zip(near, visits([walk[j] for j in near], window or len(walk)), strict=True))
            U = np.vstack([vectors] * 3)  # rows, copies as inputs, copies as outputs
            V = U if vectors is contexts else np.vstack([contexts] * 3)
            row_u, row_v = np.arange(n), np.arange(n)
            row_u[copied] += n
            row_v[kept] += 2 * n
            for i, places, negatives in mine:
                tokens += 1 if window else len(walk)
                if not places:
                    continue
                inputs, outputs, g, loss = errors(U, V, [int(row_u[walk[j]]) for j in places], row_v[walk[i]],
                                                  [row_v[v] for v in negatives], rate, tile)
                if walk[i] in kept:
                    g[:, 0] *= min(1.0, burst / (rate * (window + 1)) / counts[i])
                for t in range(0, len(outputs), tile):
                    update(U, V, inputs, outputs[t:t + tile], g[:, t:t + tile], tile)
                    for v in set(outputs[t:t + tile].tolist()):
                        if v >= 2 * n:
                            gained.append((contexts, v - 2 * n, damp_v[v - 2 * n] * (V[v] - contexts[v - 2 * n])))
                            V[v] = contexts[v - 2 * n]
                pairs += len(places)
                losses.append((i + ids[w], len(places), loss))
            vectors[:], contexts[:] = U[:n], V[:n]
            gained += [(vectors, u, damp_u[u] * (U[n + u] - vectors[u])) for u in copied]
        for matrix, u, change in gained:
            matrix[u] += change
    return tokens, pairs, losses


def multiply(A, X):
    """A dense matrix times vectors, entry by entry."""
    out = np.zeros((len(A), X.shape[1]))
    for i, j in zip(*np.nonzero(A), strict=True):
        for c in range(X.shape[1]):
            out[i, c] += float(A[i, j]) * float(X[j, c])
    return out


def barycentre(x, neighbours, reg):
    """Weights of sum 1 that bring the neighbours nearest to x; note 7 of Roweis and Saul."""
    Z = neighbours - x
    C = Z @ Z.T
    C += (reg * np.trace(C) if np.trace(C) > 0 else reg) * np.eye(len(C))
    w = np.linalg.inv(C).sum(axis=1)
    return w / w.sum()


def alignment(X, neighbours, d, method):
    """The alignment matrix, point by point; see graphemb.alignment."""
    n, k = neighbours.shape
    M = np.zeros((n, n))
    for i in range(n):
        Z = X[neighbours[i]] - X[neighbours[i]].mean(axis=0)
        U = np.linalg.svd(Z)[0][:, :d]
        if method == "ltsa":  # what is not linear in the tangent coordinates
            G = np.column_stack([np.full(k, k**-0.5), U])
            local = np.eye(k) - G @ G.T
        else:  # hessian: what is not quadratic in them, by Gram-Schmidt
            basis = [np.ones(k), *U.T, *(U[:, a] * U[:, b] for a in range(d) for b in range(a, d))]
            for a in range(len(basis)):
                for b in [*range(a), *range(a)]:
                    basis[a] = basis[a] - (basis[b] @ basis[a]) * basis[b]
                basis[a] = basis[a] / np.linalg.norm(basis[a])
            w = np.array([v / (v.sum() if abs(v.sum()) >= 1e-4 else 1) for v in basis[d + 1:]])
            local = w.T @ w
        M[np.ix_(neighbours[i], neighbours[i])] += local
    return M


def modified_alignment(X, neighbours, d):
    """Zhang and Wang's alignment matrix (2006, section 4), point by point, without their reflections.

    They turn the last s eigenvectors V of a patch by H so that V H has columns of one sum, alpha. Of H only
    V H 1 = V V^T 1 / alpha is left in the products W W^T and W 1 of the weights W = V H + (1 - alpha) w 1^T.
    """
    n, k = neighbours.shape
    patches = [X[near] - X[i] for i, near in enumerate(neighbours)]
    grams = [Z @ Z.T for Z in patches]
    spectra = [np.linalg.eigvalsh(C)[::-1] for C in grams]
    eta = np.median([values[d:].sum() / values[:d].sum() for values in spectra])
    M = np.zeros((n, n))
    for i, (C, values) in enumerate(zip(grams, spectra, strict=True)):
        s = max(tail for tail in range(1, k) if values[k - tail:].sum() < eta * values[:k - tail].sum())
        V = np.linalg.eigh(C)[1][:, :s]  # of the smallest
        w = np.linalg.solve(C + 1e-3 * np.trace(C) * np.eye(k), np.ones(k))
        w /= w.sum()
        alpha = np.linalg.norm(V.sum(axis=0)) / np.sqrt(s)
        turned = V @ V.sum(axis=0) / alpha  # V H 1
        WW = V @ V.T + (1 - alpha) * (np.outer(turned, w) + np.outer(w, turned)) + s * (1 - alpha)**2 * np.outer(w, w)
        W1 = turned + s * (1 - alpha) * w
        places = np.r_[neighbours[i], i]
        M[np.ix_(places, places)] += np.block([[WW, -W1[:, None]], [-W1[None], np.array([[s]])]])
    return M


def netmf_matrix(A, window, n_negative):
    """log max(M, 1) of NetMF, eq. 9, for a symmetric A; isolated nodes are zero."""
    degree = A.sum(axis=1)
    inverse = np.divide(1, degree, out=np.zeros_like(degree), where=degree > 0)
    P = inverse[:, None] * A
    powers = sum(np.linalg.matrix_power(P, r) for r in range(1, window + 1))
    M = degree.sum() / (n_negative * window) * powers * inverse
    return np.log(np.maximum(M, 1))


def factorised(M, k):
    """U_k Sigma_k^(1/2) of the singular value decomposition."""
    U, s, _ = np.linalg.svd(M)
    return U[:, :k] * np.sqrt(s[:k])


def prone_matrix(A, ns_exponent):
    """ProNE's sparse matrix, eq. 5; entries without an edge are zero."""
    P = A / np.maximum(A.sum(axis=1, keepdims=True), 1e-300)
    noise = P.sum(axis=0) ** ns_exponent
    with np.errstate(divide="ignore"):
        return np.where(P > 0, np.log(P) - np.log(noise / noise.sum()), 0)


def band_filter(A, X, order, mu, theta):
    """ProNE's propagation, eq. 9: Bessel coefficients times Chebyshev polynomials of ((L - mu)^2 - 2) / 2."""
    looped = A + np.eye(len(A))
    shifted = np.eye(len(A)) - looped / looped.sum(axis=1, keepdims=True) - mu * np.eye(len(A))
    Y = shifted @ shifted / 2 - np.eye(len(A))
    terms = [np.eye(len(A)), Y]
    while len(terms) < order:
        terms.append(2 * Y @ terms[-1] - terms[-2])
    g = sum((1 if i == 0 else 2) * (-1) ** i * iv(i, theta) * T for i, T in enumerate(terms))
    return looped @ (X - g @ X)


def hope_matrix(A, similarity, decay):
    """HOPE's proximities, section 3, by inverses."""
    identity = np.eye(len(A))
    if similarity == "katz":
        B = A * decay / np.linalg.norm(A, 2)
        return np.linalg.inv(identity - B) @ B
    if similarity == "pagerank":
        P = A / np.maximum(A.sum(axis=1, keepdims=True), 1e-300)
        return (1 - decay) * (np.linalg.inv(identity - decay * P) - identity)
    D = identity if similarity == "common" else np.diag(1 / (A.sum(axis=0) + A.sum(axis=1)))
    return A @ D @ A


def rows_to_one(A):
    return A / np.maximum(A.sum(axis=1, keepdims=True), 1e-300)


def power_sum(A, R, weights):
    """w_0 R + w_1 A R + w_2 A^2 R + ..."""
    return sum(w * np.linalg.matrix_power(A, i) @ R for i, w in enumerate(weights))


def grarep_matrix(A, k, n_negative):
    """GraRep's X^k, eq. 10."""
    powers = np.linalg.matrix_power(rows_to_one(A), k)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(powers / powers.sum(axis=0) * len(A) / n_negative), 0)


def heat_functions(A, scales, points):
    """GraphWave's characteristic functions; columns by point, scale, real and imaginary part."""
    degree = A.sum(axis=1)
    root = np.sqrt(np.divide(1, degree, out=np.zeros_like(degree), where=degree > 0))
    values, V = np.linalg.eigh(np.eye(len(A)) - root[:, None] * A * root)
    columns = []
    for t in points:
        for s in scales:
            phi = np.exp(1j * t * (V * np.exp(-s * values)) @ V.T).mean(axis=0)
            columns += [phi.real, phi.imag]
    return np.column_stack(columns)


def warping(left, right):
    """Dynamic time warping of two lists of (degree, count), cell by cell."""
    total = np.full((len(left) + 1, len(right) + 1), np.inf)
    total[0, 0] = 0
    for i, (a, count_a) in enumerate(left):
        for j, (b, count_b) in enumerate(right):
            cost = (max(a, b) / min(a, b) - 1) * max(count_a, count_b)
            total[i + 1, j + 1] = cost + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


def struc2vec_step(layers, stay, k, u, rng):
    """One step from node u in layer k, moves between layers included: struc2vec, section 3.3; returns (layer, node)."""
    means = [layer[layer > 0].mean() if layer.any() else 0 for layer in layers]
    while rng.random() > stay:
        up = np.log((layers[k][u] > means[k]).sum() + np.e)
        if rng.random() < up / (up + 1):
            k += k + 1 < len(layers) and layers[k + 1][u].any()
        else:
            k -= k > 0
    return k, rng.choice(len(layers[k]), p=layers[k][u] / layers[k][u].sum())


# --- edge lists -------------------------------------------------------------------------------------------


def fields_of(text, delimiter, width, pick):
    """`_text.fields` on a text of plain lines: the wanted fields of each line, and the lines' numbers."""
    found, lines = [], []
    for number, line in enumerate(text.decode().split("\n")[:-1]):
        if line.startswith(("#", "%")) or not line.strip(" \t\r\x0b\x0c\x1c\x1d\x1e\x1f"):
            continue
        row = line.split() if delimiter is None else [field.strip() for field in line.split(delimiter)]
        assert len(row) == width
        found.append([row[c] for c in pick])
        lines.append(number)
    return found, lines


def numbers_of(words):
    """`_text.number`, and `_text.first_appearance` of ints: each word's number by first appearance."""
    known = {}
    return [known.setdefault(word, len(known)) for word in words], list(known)
