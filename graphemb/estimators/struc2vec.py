"""struc2vec: skip-gram on walks among nodes whose surroundings look alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphemb._parallel import Progress, Tick, map_ordered, ranges
from graphemb._validation import check_int, check_real
from graphemb.estimators._walk_based import WalkEmbedding
from graphemb.graph import Graph
from graphemb.proximity import adjacency, row_blocks
from graphemb.samplers import PlaceSampler
from graphemb.walks import Sampler

PAIRS_AT_ONCE = 512
Rings = list[list[tuple[NDArray[np.float64], NDArray[np.float64]]]]
"""For each node and number of steps, the degrees of the nodes there: ascending, and how many have each."""


class Struc2Vec(WalkEmbedding):
    r"""struc2vec: nodes are near that have similar degrees around them, wherever they are.

    Two nodes differ by :math:`f_k(u, v) = f_{k-1}(u, v) + g(s(R_k(u)), s(R_k(v)))`, with g the cost of aligning the
    ordered degrees of the nodes k steps away ([1]_, eq. 1), an alignment of degrees a and b costing
    :math:`\max(a, b) / \min(a, b) - 1`. In layer k = 0, 1, ... nodes are linked with weight
    :math:`e^{-f_k}`; walks go along these links with probability `stay`, else up where many of the links of a node
    are strong, or down ([1]_, section 3.3), and train skip-gram with negative sampling.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors.
    n_layers : int, default=5
        Layers: steps around a node that are compared, its own degree included.
    n_candidates : int or None, default=None
        Nodes of nearest degree that a node is compared with; None is twice the logarithm of n to base 2, as in [1]_.
    stay : float, default=0.3
        Probability to step within a layer; in (0, 1].
    walk_length, n_walks, window, n_negative, n_epochs, learning_rate, min_learning_rate, ns_exponent
        As in `DeepWalk`; so are the next.
    subsample, trainer, deterministic, init, tol, checkpoint, n_jobs, random_state, verbose, callbacks, weight
        As in `DeepWalk`.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Row i is the vector of ``nodes_[i]``; an isolated node has a vector of zeros.
    context_ : ndarray of shape (n_nodes, n_components), dtype=float32
        The output vectors of skip-gram.
    nodes_, vectors_, graph_, n_features_in_, fit_report_
        As in `DeepWalk`.

    Raises
    ------
    TypeError, ValueError
        In `fit`, if a parameter or the graph is not acceptable.

    Notes
    -----
    All three of the paper's reductions are on: degrees are compressed to (degree, count) and an alignment counts
    by the larger count (section 3.5, 1), nodes are compared with those of similar degree (2), and layers end
    early (3). Moves between layers are not steps of a walk; the layer in which the next step is made is drawn
    from its exact distribution, so that the walks are first-order walks on the pairs (layer, node).

    Degrees are numbers of neighbours, in either direction of a directed graph; edge weights do not count.

    New nodes given to `transform` are trained alone, on walks that begin with the nodes that they look like in the
    graph to which they are added, against the frozen `context_`.

    References
    ----------
    .. [1] Ribeiro, Saverese, Figueiredo, "struc2vec: learning node representations from structural identity",
       KDD 2017.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import Struc2Vec
    >>> Struc2Vec(n_components=16, random_state=0).fit_transform(nx.barbell_graph(5, 3)).shape
    (13, 16)
    """

    def __init__(self, n_components: int = 128, *, n_layers: int = 5, n_candidates: int | None = None,
                 stay: float = 0.3, walk_length: int = 80, n_walks: int = 10, window: int = 10, n_negative: int = 5,
                 n_epochs: int = 1, learning_rate: float = 0.025, min_learning_rate: float = 1e-4,
                 ns_exponent: float = 0.75, subsample: float = 0.0, trainer: str = "native",
                 deterministic: bool = True, init: Any = None, tol: float | None = None, checkpoint: Any = None,
                 n_jobs: int | None = None, random_state: Any = None, verbose: int = 0,
                 callbacks: Sequence[Callable[[Tick], object]] = (), weight: str | None = "weight") -> None:
        super().__init__(
            n_components, walk_length=walk_length, n_walks=n_walks, window=window, n_negative=n_negative,
            n_epochs=n_epochs, learning_rate=learning_rate, min_learning_rate=min_learning_rate,
            ns_exponent=ns_exponent, subsample=subsample, trainer=trainer, deterministic=deterministic, init=init,
            tol=tol, checkpoint=checkpoint, n_jobs=n_jobs, random_state=random_state, verbose=verbose,
            callbacks=callbacks, weight=weight)
        self.n_layers = n_layers
        self.n_candidates = n_candidates
        self.stay = stay

    def _validate(self) -> None:
        super()._validate()
        check_int("n_layers", self.n_layers, 1, 100)
        if self.n_candidates is not None:
            check_int("n_candidates", self.n_candidates, 1)
        check_real("stay", self.stay, high=1, above=0)

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        n, progress = graph.n_nodes, Progress("surroundings", graph.n_nodes, int(self.verbose))
        A = _simple(graph)
        self._degree = np.diff(A.indptr)
        self._rings = rings(A, np.arange(n), self.n_layers, progress.update)
        pairs = self._candidates(self._degree, np.flatnonzero(self._degree), same=True)
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        layers = self._layers(self._rings, self._rings, pairs, n_jobs, "layers")
        both = [sparse.coo_array((np.r_[w, w], (np.r_[u, v], np.r_[v, u])), shape=(n, n)).tocsr()
                for u, v, w in layers]
        self._mean = [layer.data.mean() if layer.nnz else 0.0 for layer in both]
        self._places = self._steps(both, n)
        return PlaceSampler(self._places, graph, seed, n_jobs)

    def _fold_in_sampler(self, onward: Graph) -> Sampler:
        n, m = self.graph_.n_nodes, onward.n_nodes - self.graph_.n_nodes
        A = _simple(onward)
        around = rings(A, np.arange(n, n + m), self.n_layers)
        pairs = self._candidates(np.r_[self._degree, np.diff(A.indptr)[n:]], np.arange(n, n + m), same=False)
        left = {n + i: each for i, each in enumerate(around)}
        layers = [sparse.coo_array((w, (u - n, v)), shape=(m, n)).tocsr()
                  for u, v, w in self._layers(left, self._rings, pairs, 1, "")]
        first = self._steps(layers, n)[:m]
        # a new node has one place, past those of the fitted nodes
        k = self._places.shape[0]
        places = sparse.vstack([sparse.hstack([self._places, sparse.csr_array((k, m))]),
                                sparse.hstack([first, sparse.csr_array((m, m))])], format="csr")
        return PlaceSampler(places, onward, self._seed, 1, n_fitted=n)

    def _candidates(self, degree: NDArray[np.int64], nodes: NDArray[np.int64], *, same: bool) -> NDArray[np.int64]:
        """Pairs of each of `nodes` and the fitted nodes of nearest degree."""
        fitted = np.flatnonzero(self._degree)
        fitted = fitted[np.argsort(self._degree[fitted], kind="stable")]
        size = min(self.n_candidates or max(2, round(2 * np.log2(max(2, len(fitted))))), len(fitted) - same)
        pairs = [np.empty((0, 2), np.int64)]
        sorted_degree = self._degree[fitted]
        for u in nodes:
            at = np.searchsorted(sorted_degree, degree[u])
            near = fitted[max(0, at - size):at + size + 1]
            near = near[near != u]
            near = near[np.argsort(np.abs(self._degree[near] - degree[u]), kind="stable")[:size]]
            pairs.append(np.column_stack([np.full(len(near), u), near]))
        return np.concatenate(pairs)

    def _layers(self, left: Any, right: Any, pairs: NDArray[np.int64], n_jobs: int,
                stage: str) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
        """For each k the pairs (u, v) whose both nodes have nodes k steps away, and exp(-f_k)."""
        progress = Progress(stage, self.n_layers * len(pairs), int(self.verbose) if stage else 0)
        f, layers = np.zeros(len(pairs)), []
        for k in range(self.n_layers):
            there = np.array([k < len(left[u]) and k < len(right[v]) for u, v in pairs.tolist()], bool)
            pairs, f = pairs[there], f[there]
            # pairs of like lengths are aligned together
            lengths = np.array([(len(left[u][k][0]), len(right[v][k][0])) for u, v in pairs.tolist()]).reshape(-1, 2)
            order = np.lexsort((lengths[:, 0], lengths.max(axis=1)))

            def cost(cut: tuple[int, int], k: int = k, order: Any = order, pairs: Any = pairs) -> Any:
                some = pairs[order[slice(*cut)]].tolist()
                return alignment([left[u][k] for u, _ in some], [right[v][k] for _, v in some])

            cuts = list(ranges(len(pairs), PAIRS_AT_ONCE))
            for cut, costs in zip(cuts, map_ordered(cost, cuts, n_jobs), strict=True):
                f[order[slice(*cut)]] += costs
                progress.update(len(costs))
            layers.append((pairs[:, 0], pairs[:, 1], np.exp(-f)))
        progress.update(progress.total - progress.done)  # pairs that have no ring in later layers
        return layers

    def _steps(self, layers: list[sparse.csr_array], n: int) -> sparse.csr_array:
        """Weights of the first-order walk on places: place k * n + v is node v in layer k."""
        m, K = layers[0].shape[0], len(layers)
        present = np.array([np.diff(layer.indptr) > 0 for layer in layers])  # (K, m), a prefix for each node
        strong = np.array([np.bincount(np.repeat(np.arange(m), np.diff(layer.indptr)), layer.data > mean, m)
                           for layer, mean in zip(layers, self._mean, strict=True)])
        up = np.log(strong + np.e)
        moves = np.zeros((m, K, K))
        for k in range(K):
            rise = up[k] / (up[k] + 1)
            higher = present[k + 1] if k + 1 < K else np.zeros(m, bool)
            # at either end of its layers a walk stays where the move would lead out
            moves[:, k, min(k + 1, K - 1)] += np.where(higher, rise, 0)
            moves[:, k, k] += np.where(higher, 0, rise)
            moves[:, k, max(k - 1, 0)] += 1 - rise
        # the layer of the next step: sum over the moves before it
        layer_of_step = self.stay * np.linalg.inv(np.eye(K) - (1 - self.stay) * moves)
        rows = []
        for k in range(K):
            blocks = []
            for j, layer in enumerate(layers):
                total = layer.sum(axis=1)
                share = np.where(present[j] & present[k], layer_of_step[:, k, j] / np.where(total > 0, total, 1), 0)
                blocks.append(sparse.dia_array((share[None], [0]), shape=(m, m)) @ layer)
            rows.append(sparse.hstack(blocks))
        return sparse.vstack(rows, format="csr")


def rings(A: sparse.csr_array, nodes: NDArray[np.int64], n_layers: int,
          done: Callable[[int], object] = lambda n_nodes: None) -> Rings:
    """Compressed degrees of the nodes at 0, 1, ... steps from each of `nodes`, as far as there are any."""
    degree = np.diff(A.indptr).astype(np.float64)
    found: Rings = []
    for start, stop in row_blocks(A.shape[0]):
        block = nodes[start:stop]
        if not len(block):
            break
        seen = np.zeros((A.shape[0], len(block)), bool)
        seen[block, np.arange(len(block))] = True
        frontier = seen.astype(np.float32)
        some: Rings = [[] for _ in block]
        for k in range(n_layers):
            column, node = np.nonzero(frontier.T)
            for i, there in enumerate(np.split(node, np.searchsorted(column, np.arange(1, len(block))))):
                if len(there) and degree[block[i]]:
                    values, counts = np.unique(degree[there], return_counts=True)
                    some[i].append((values, counts.astype(np.float64)))
            if k + 1 < n_layers:
                reached = (A @ frontier > 0) & ~seen
                seen |= reached
                frontier = reached.astype(np.float32)
        found += some
        done(len(block))
    return found


def alignment(left: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
              right: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> NDArray[np.float64]:
    """Costs of the dynamic time warping of pairs of compressed sequences, all pairs at a time.

    Aligning a degrees with b degrees costs (max(a, b) / min(a, b) - 1) max(count of a, count of b).
    """
    p = len(left)
    a, count_a = _padded(left)
    b, count_b = _padded(right)
    length_a, length_b = (np.array([len(values) for values, _ in side]) for side in (left, right))
    m, n = a.shape[1], b.shape[1]
    # total[:, j] of row i is the cost of aligning the first i + 1 with the first j + 1
    result = np.empty(p)
    total = np.full((p, n + 1), np.inf)
    total[:, 0] = 0
    for i in range(m):
        x, count = a[:, i:i + 1], count_a[:, i:i + 1]
        cost = (np.maximum(x, b) / np.minimum(x, b) - 1) * np.maximum(count, count_b)
        best = np.minimum(total[:, :-1], total[:, 1:])  # from above, or from above and left
        total[:, 0] = np.inf
        # from the left: min over j' <= j of best[j'] + cost[j'] + ... + cost[j]
        run = np.cumsum(cost, axis=1)
        total[:, 1:] = np.minimum.accumulate(best - (run - cost), axis=1) + run
        ended = length_a == i + 1
        result[ended] = total[ended, length_b[ended]]
    return result


def _padded(side: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> tuple[NDArray[np.float64], ...]:
    """Values and counts as arrays of shape (p, longest), filled up with ones."""
    longest = max((len(values) for values, _ in side), default=1)
    arrays = np.ones((2, len(side), longest))
    for i, (values, counts) in enumerate(side):
        arrays[0, i, :len(values)], arrays[1, i, :len(values)] = values, counts
    return arrays[0], arrays[1]


def _simple(graph: Graph) -> sparse.csr_array:
    """Who is a neighbour of whom, in either direction, without self-loops, as ones."""
    A = adjacency(graph, symmetric=True).tocoo()
    other = A.row != A.col
    ones = np.ones(int(other.sum()), np.float32)
    B = sparse.coo_array((ones, (A.row[other], A.col[other])), shape=A.shape).tocsr()
    B.data[:] = 1
    return B
