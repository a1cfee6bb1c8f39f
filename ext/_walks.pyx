"""Random-walk kernels: arrays in, arrays filled; no state, no GIL, no checks of ranges.

Many walks advance together, one small loop per memory access: while one walk waits for a line, the
lines of the others are on their way. Every random number is `ge_draw(key, walk, t)` with t counting
the draws of that walk, so the result does not depend on how the work is cut.
"""
from common cimport ge_below, ge_draw, ge_prefetch, ge_unit, int32_t, int64_t, uint32_t, uint64_t

cdef extern from "walks.h" nogil:
    ctypedef struct ge_walks:
        const int64_t *indptr
        const int32_t *indices
        const uint32_t *table
        const int32_t *slots
        const uint32_t *bits
        int64_t words_a_row
        int32_t directed
        double p, q
        uint64_t key
        const int64_t *ids
        const int32_t *starts
        int32_t *walks
        int64_t m, length
        int64_t proposals, dead_ends
    int64_t ge_slot_of(int64_t v, int64_t begin, int64_t degree)
    bint ge_in_slots(const int32_t *slots, int64_t at, int64_t begin, int64_t degree, int64_t v)
    int64_t ge_find(const int32_t *indices, int64_t begin, int64_t end, int64_t v)
    void ge_first_order(ge_walks *w)
    void ge_second_order(ge_walks *w)
    bint ge_has_vectors()

HAS_VECTORS = ge_has_vectors()  # whether the kernels of the names that end in _vector can run here

cdef enum:
    GROUP = 64  # walks in flight
    PATIENCE = 64  # rejections after which a step of node2vec is drawn from the whole row instead


def alias_tables(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs)
    const float[::1] weights not None,     # IN  (n_arcs) > 0
    int64_t start, int64_t stop,           # IN  rows to build
    double[::1] scaled not None,           # TMP (largest degree)
    int32_t[::1] stack not None,           # TMP (largest degree)
    uint32_t[:, ::1] table not None,       # OUT (n_arcs, 3) threshold, neighbour, alias neighbour
    double[:, ::1] strength not None,      # OUT (n_nodes, 2) sum and largest of the row's weights
):
    """Walker's alias tables, Vose's construction, one per row: 12 bytes an arc."""
    cdef int64_t u, begin, degree, i, small, large, n_small, n_large
    cdef double total, largest, share
    cdef bint light
    with nogil:
        for u in range(start, stop):
            begin = indptr[u]
            degree = indptr[u + 1] - begin
            total = largest = 0.0
            for i in range(degree):
                total += weights[begin + i]
                largest = max(largest, <double>weights[begin + i])
            strength[u, 0], strength[u, 1] = total, largest
            # One array, two stacks: the light entries grow from the left, the heavy from the right. An entry is
            # written to both and stays on one: a branch would be taken by chance.
            n_small = n_large = 0
            share = <double>degree / total if total > 0.0 else 0.0
            for i in range(degree):
                scaled[i] = weights[begin + i] * share
                table[begin + i, 0] = <uint32_t>0xFFFFFFFF
                table[begin + i, 1] = <uint32_t>indices[begin + i]
                table[begin + i, 2] = <uint32_t>indices[begin + i]
                light = scaled[i] < 1.0
                stack[n_small] = stack[degree - 1 - n_large] = <int32_t>i
                n_small += light
                n_large += 1 - light
            while n_small > 0 and n_large > 0:
                n_small -= 1
                small = stack[n_small]
                large = stack[degree - n_large]
                table[begin + small, 0] = <uint32_t>(scaled[small] * 4294967296.0)
                table[begin + small, 2] = <uint32_t>indices[begin + large]
                scaled[large] = (scaled[large] + scaled[small]) - 1.0
                light = scaled[large] < 1.0
                stack[n_small] = <int32_t>large
                n_small += light
                n_large -= light


def first_order(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs)
    const uint32_t[:, ::1] table not None,  # IN  (n_arcs, 3) alias tables, or (0, 3): unweighted
    uint64_t key,                          # IN
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const int32_t[::1] starts not None,    # IN  (m) first node of each walk
    int32_t[:, ::1] walks not None,        # OUT (m, walk_length), -1 past a dead end
):
    """Walks whose next node depends on the current one alone. Returns how many hit a dead end."""
    cdef int64_t m = walks.shape[0], length = walks.shape[1]
    cdef int64_t first, size, w, t, u, degree, dead_ends = 0
    cdef bint weighted = table.shape[0] > 0
    cdef int64_t[GROUP] arc
    cdef uint32_t[GROUP] coin
    cdef int32_t[GROUP] current
    cdef int32_t v
    cdef uint64_t draw
    with nogil:
        first = 0
        while first < m:
            size = min(<int64_t>GROUP, m - first)
            for w in range(size):
                current[w] = walks[first + w, 0] = starts[first + w]
            for t in range(1, length):
                for w in range(size):
                    u = current[w]
                    arc[w] = -1
                    if u < 0:
                        continue
                    degree = indptr[u + 1] - indptr[u]
                    if degree == 0:
                        dead_ends += 1
                        continue
                    draw = ge_draw(key, <uint64_t>ids[first + w], <uint64_t>(t - 1))
                    arc[w] = indptr[u] + ge_below(draw, degree)
                    if weighted:
                        coin[w] = <uint32_t>draw
                        ge_prefetch(&table[arc[w], 0])  # an entry may lie in two lines
                        ge_prefetch(&table[arc[w], 2])
                    else:
                        ge_prefetch(&indices[arc[w]])
                for w in range(size):
                    v = -1
                    if arc[w] >= 0:
                        if weighted:
                            v = <int32_t>table[arc[w], 1 if coin[w] < table[arc[w], 0] else 2]
                        else:
                            v = indices[arc[w]]
                        ge_prefetch(&indptr[v])
                    current[w] = walks[first + w, t] = v
            first += GROUP
    return dead_ends


cdef ge_walks call_of(const int64_t[::1] indptr, const int32_t[::1] indices, uint64_t key, const int64_t[::1] ids,
                      const int32_t[::1] starts, int32_t[:, ::1] walks) except *:
    """What every call of a kernel in C says."""
    cdef ge_walks w
    if not HAS_VECTORS:
        raise RuntimeError("This machine cannot run the vector kernels; see HAS_VECTORS.")
    w.indptr = &indptr[0]
    w.indices = &indices[0] if indices.shape[0] else NULL
    w.table = w.bits = NULL
    w.slots = NULL
    w.key = key
    w.m, w.length = walks.shape[0], walks.shape[1]
    w.ids = &ids[0] if w.m else NULL
    w.starts = &starts[0] if w.m else NULL
    w.walks = &walks[0, 0] if w.m else NULL
    return w


def first_order_vector(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs)
    const uint32_t[:, ::1] table not None,  # IN  (n_arcs, 3) alias tables, or (0, 3): unweighted
    uint64_t key,                          # IN
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const int32_t[::1] starts not None,    # IN  (m) first node of each walk
    int32_t[:, ::1] walks not None,        # OUT (m, walk_length), -1 past a dead end
):
    """The walks of `first_order` by AVX-512."""
    cdef ge_walks w = call_of(indptr, indices, key, ids, starts, walks)
    if table.shape[0]:
        w.table = &table[0, 0]
    with nogil:
        ge_first_order(&w)
    return w.dead_ends


def second_order_vector(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs) sorted in each row
    const int32_t[::1] slots not None,     # IN  (2 * n_arcs) of arc_hash, or empty
    const uint32_t[:, ::1] bits not None,  # IN  (n_nodes, ...) of arc_bitmap, or (0, 0)
    bint directed,                         # IN
    double p, double q,                    # IN
    uint64_t key,                          # IN
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const int32_t[::1] starts not None,    # IN  (m) first node of each walk
    int32_t[:, ::1] walks not None,        # OUT (m, walk_length), -1 past a dead end
):
    """The walks of `second_order` on an unweighted graph by AVX-512."""
    cdef ge_walks w = call_of(indptr, indices, key, ids, starts, walks)
    if slots.shape[0]:
        w.slots = &slots[0]
    if bits.shape[0]:
        w.bits = &bits[0, 0]
    w.words_a_row = bits.shape[1]
    w.directed = directed
    w.p, w.q = p, q
    with nogil:
        ge_second_order(&w)
    return w.proposals, w.dead_ends


cdef struct Surfer:
    int64_t row, column  # of the output, to fill next
    uint64_t draws       # made so far
    int64_t arc          # drawn, or -1
    uint32_t coin
    int32_t current


def restart_ends(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs)
    const uint32_t[:, ::1] table not None,  # IN  (n_arcs, 3) alias tables, or (0, 3): unweighted
    double alpha,                          # IN  probability of a further step
    uint64_t key,                          # IN
    const int64_t[::1] ids not None,       # IN  (m) number of each row
    const int32_t[::1] starts not None,    # IN  (m) where the walks of the row begin
    int32_t[:, ::1] walks not None,        # OUT (m, 1 + n_ends) the start, then an end of each walk
):
    """Ends of walks that stop before every step with probability 1 - alpha: draws from the start's
    personalised PageRank. A step from a node without arcs goes back to the start; returns how many did.
    """
    cdef int64_t m = walks.shape[0], length = walks.shape[1]
    cdef int64_t i, degree, n_active, n_next, restarts = 0
    cdef bint weighted = table.shape[0] > 0
    cdef Surfer[GROUP] surfers
    cdef Surfer *s
    cdef uint64_t draw, walk
    with nogil:
        for i in range(m):
            walks[i, 0] = starts[i]
        n_active = min(<int64_t>GROUP, m) if length > 1 else 0
        n_next = n_active
        for i in range(n_active):
            surfers[i] = Surfer(i, 1, 0, -1, 0, starts[i])
        while n_active > 0:
            i = 0
            while i < n_active:
                s = &surfers[i]
                walk = <uint64_t>ids[s.row]
                s.draws += 1
                if ge_unit(ge_draw(key, walk, s.draws - 1)) >= alpha:
                    walks[s.row, s.column] = s.current
                    s.column += 1
                    if s.column == length:
                        if n_next < m:
                            s.row, s.column, s.draws = n_next, 1, 0
                            n_next += 1
                        else:
                            n_active -= 1
                            surfers[i] = surfers[n_active]
                            continue
                    s.current = starts[s.row]
                    continue
                degree = indptr[s.current + 1] - indptr[s.current]
                s.arc = -1
                if degree == 0:
                    restarts += 1
                else:
                    draw = ge_draw(key, walk, s.draws)
                    s.draws += 1
                    s.coin = <uint32_t>draw
                    s.arc = indptr[s.current] + ge_below(draw, degree)
                    if weighted:
                        ge_prefetch(&table[s.arc, 0])
                        ge_prefetch(&table[s.arc, 2])
                    else:
                        ge_prefetch(&indices[s.arc])
                i += 1
            for i in range(n_active):
                s = &surfers[i]
                if s.arc < 0:
                    s.current = starts[s.row]
                elif weighted:
                    s.current = <int32_t>table[s.arc, 1 if s.coin < table[s.arc, 0] else 2]
                else:
                    s.current = indices[s.arc]
                ge_prefetch(&indptr[s.current])
    return restarts


def arc_hash(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs)
    int64_t start, int64_t stop,           # IN  rows to build
    int32_t[::1] slots not None,           # OUT (2 * n_arcs)
):
    """A hash table of its neighbours for each row, open addressing at half load: 8 bytes an arc."""
    cdef int64_t u, i, at
    with nogil:
        for at in range(2 * indptr[start], 2 * indptr[stop]):
            slots[at] = -1
        for u in range(start, stop):
            for i in range(indptr[u], indptr[u + 1]):
                at = ge_slot_of(indices[i], indptr[u], indptr[u + 1] - indptr[u])
                while slots[at] >= 0:
                    at += 1
                    if at == 2 * indptr[u + 1]:
                        at = 2 * indptr[u]
                slots[at] = indices[i]


def arc_bitmap(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs)
    int64_t start, int64_t stop,           # IN  rows to build
    uint32_t[:, ::1] bits not None,        # OUT (n_nodes, ceil(n_nodes / 32)) set in zeros
):
    """One bit for each pair of nodes."""
    cdef int64_t u, i
    with nogil:
        for u in range(start, stop):
            for i in range(indptr[u], indptr[u + 1]):
                bits[u, indices[i] >> 5] |= <uint32_t>1 << (indices[i] & 31)


cdef struct Arcs:
    # The rows, and what answers whether an arc exists: bits, else slots, else search.
    const int32_t *indices
    const int32_t *slots
    const uint32_t *bits
    int64_t words_a_row


cdef inline int64_t prefetch_arc(const Arcs *a, bint wanted, int32_t u, int64_t begin, int64_t degree,
                                 int32_t v) noexcept nogil:
    """Where `has_arc` looks first; if it is not wanted, the first line of all, which costs no memory access."""
    cdef int64_t at
    if a.bits != NULL:
        at = wanted * (u * a.words_a_row + (v >> 5))
        ge_prefetch(a.bits + at)
    elif a.slots != NULL:
        at = wanted * ge_slot_of(v, begin, degree)
        ge_prefetch(a.slots + at)
    else:
        at = wanted * (begin + degree // 2)
        ge_prefetch(a.indices + at)
    return at


cdef inline bint has_arc(const Arcs *a, int32_t u, int64_t begin, int64_t degree, int32_t v) noexcept nogil:
    """Whether u -> v is an arc; u's row is [begin, begin + degree)."""
    if a.bits != NULL:
        return (a.bits[u * a.words_a_row + (v >> 5)] >> (v & 31)) & 1
    if degree == 0:
        return False
    if a.slots != NULL:
        return ge_in_slots(a.slots, ge_slot_of(v, begin, degree), begin, degree, v)
    return ge_find(a.indices, begin, begin + degree, v) >= 0


cdef enum Kind:
    BASE, COMMON, RETURN, EXACT


cdef enum Verdict:  # two bits: the arc test decides; it must answer no
    DROP, KEEP, IF_COMMON, IF_NOT_COMMON


cdef struct Walker:
    int64_t row       # of the output
    int64_t t         # position to fill next
    uint64_t draws    # made so far
    int64_t begin, degree            # row of the current node
    int64_t prev_begin, prev_degree  # row of the one before
    int64_t arc                      # proposed
    int64_t test_begin, test_degree  # row in which the candidate is looked up
    int64_t place     # of the arc test, prefetched
    int32_t current, prev, candidate, test
    int32_t tries     # of this step
    int32_t kind, verdict
    double back       # weight of the arc current -> prev, or a bound as long as none asked
    double limit      # what the commonness (of node2vec+) or a return has to pass


def second_order(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs) sorted in each row
    const float[::1] weights not None,     # IN  (n_arcs), or empty: unweighted
    const uint32_t[:, ::1] table not None,  # IN  (n_arcs, 3) alias tables, or (0, 3): unweighted
    const double[:, ::1] strength not None,  # IN  (n_nodes, 2) sum and largest, or (0, 2): unweighted
    const int32_t[::1] slots not None,     # IN  (2 * n_arcs) of arc_hash, or empty
    const uint32_t[:, ::1] bits not None,   # IN  (n_nodes, ...) of arc_bitmap, or (0, 0)
    const double[::1] means not None,      # IN  (n_nodes) mean weight of the row: node2vec+; or empty
    bint directed,                         # IN
    double p, double q,                    # IN
    uint64_t key,                          # IN
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const int32_t[::1] starts not None,    # IN  (m) first node of each walk
    int32_t[:, ::1] walks not None,        # OUT (m, walk_length), -1 past a dead end
):
    """node2vec walks by rejection from an envelope of three components, exact, without tables.
    Returns how many steps were proposed and how many walks hit a dead end.

    With x a neighbour of the current node v and t the node before it, the unnormalised probability
    is w(v, x) times 1/p if x = t, else 1/q + (1 - 1/q) f, where the commonness f is 1 if t -> x is
    an arc and 0 if not (node2vec+ knows values between, see `commonness`). The envelope is

      base    any neighbour, 1/q each;      thinned where the target is below 1/q
      common  1 - 1/q on top, if q > 1;     kept with probability f for x != t
      return  1/p - 1/q on top, if p < q;   kept if the arc v -> t is as heavy as was supposed

    and a component is chosen in proportion to its mass, then a neighbour inside it. A step that is
    rejected PATIENCE times (extreme p and q) is drawn by inversion from the whole row, so the time
    of a step is bounded for any p and q.
    """
    cdef int64_t m = walks.shape[0], length = walks.shape[1]
    cdef int64_t n_active, n_next = 0, i, t, proposals = 0, dead_ends = 0
    cdef bint weighted = table.shape[0] > 0, extend = means.shape[0] > 0
    cdef int keep, near, swap, is_common, is_extra
    cdef int64_t shift, shorter
    cdef double alpha = 1.0 / p, beta = 1.0 / q
    cdef double extra_common = max(0.0, 1.0 - beta), extra_return = max(0.0, alpha - beta)
    cdef double keep_common = min(1.0, q), keep_prev = min(1.0, alpha * q)
    cdef double[2] per_arc = [q, 1.0 / extra_common if extra_common > 0.0 else 0.0]
    cdef double per_kept = 1.0 / (1.0 - q) if q < 1.0 else 0.0
    cdef bint thinned = keep_common < 1.0 or keep_prev < 1.0, asks = q != 1.0
    cdef bint reads_bits = bits.shape[0] > 0 and not extend
    cdef bint returns_vary = extra_return > 0.0 and (weighted or directed)
    cdef double base, common, u
    cdef uint64_t draw
    cdef uint32_t coin
    cdef int32_t x
    cdef Arcs arcs
    cdef const float *values = &weights[0] if weighted else NULL
    cdef const double *mean = &means[0] if extend else NULL
    cdef Walker[GROUP] walkers
    cdef Walker *w
    arcs.indices = &indices[0] if indices.shape[0] else NULL
    arcs.slots = &slots[0] if slots.shape[0] else NULL
    arcs.bits = &bits[0, 0] if bits.shape[0] else NULL
    arcs.words_a_row = bits.shape[1]
    with nogil:
        n_active = min(<int64_t>GROUP, m)
        for i in range(n_active):
            open_walk(&walkers[i], n_next, starts[n_next])
            walks[n_next, 0] = starts[n_next]
            n_next += 1
        while n_active > 0:
            # The row of the current node; walks that are over make room for the next.
            i = 0
            while i < n_active:
                w = &walkers[i]
                w.begin = indptr[w.current]
                w.degree = indptr[w.current + 1] - w.begin
                if w.degree == 0 and w.t < length:
                    dead_ends += 1
                    for t in range(w.t, length):
                        walks[w.row, t] = -1
                    w.t = length
                if w.t >= length:
                    if n_next < m:
                        open_walk(w, n_next, starts[n_next])
                        walks[n_next, 0] = starts[n_next]
                        ge_prefetch(&indptr[w.current])
                        n_next += 1
                    else:
                        n_active -= 1
                        walkers[i] = walkers[n_active]
                    continue
                i += 1

            # A component, and the arc proposed in it. Which one is a coin toss that no branch
            # predictor can learn, so from here on values are selected rather than branched for.
            for i in range(n_active):
                w = &walkers[i]
                draw = ge_draw(key, <uint64_t>ids[w.row], w.draws)
                w.draws += 1
                w.tries += 1
                proposals += 1
                if w.tries > PATIENCE:
                    w.kind = EXACT
                    w.candidate = draw_from_row(&arcs, values, mean, w, alpha, beta, ge_unit(draw))
                    continue
                if w.prev < 0:
                    w.kind = BASE
                    w.arc = w.begin + ge_below(draw, w.degree)
                    w.candidate = <int32_t><uint32_t>draw  # the coin of the alias draw
                elif weighted:
                    base = beta * strength[w.current, 0]
                    common = extra_common * strength[w.current, 0]
                    if w.tries == 1:
                        w.back = strength[w.current, 1]
                        if not directed:
                            w.back = min(w.back, strength[w.prev, 1])
                    u = ge_unit(draw) * (base + common + extra_return * w.back)
                    w.kind = BASE + (u >= base) + (u >= base + common)
                    w.limit = u - (base + common)
                    draw = ge_draw(key, <uint64_t>ids[w.row], w.draws)
                    w.draws += w.kind != RETURN
                    w.arc = w.begin + ge_below(draw, w.degree)
                    w.candidate = <int32_t><uint32_t>draw
                else:
                    base = beta * <double>w.degree
                    common = extra_common * <double>min(w.degree, w.prev_degree)
                    w.back = 1.0 if w.tries == 1 else w.back
                    u = ge_unit(draw) * (base + common + extra_return * w.back)
                    w.kind = BASE + (u >= base) + (u >= base + common)
                    swap = (w.kind == COMMON) & (w.degree > w.prev_degree)  # propose from the shorter row
                    w.limit = u - (base + common)
                    is_extra = w.kind != BASE
                    t = <int64_t>((u - is_extra * base) * per_arc[is_extra])
                    shift, shorter = swap * (w.prev_begin - w.begin), swap * (w.prev_degree - w.degree)
                    w.arc = (w.kind != RETURN) * (w.begin + shift + min(t, w.degree + shorter - 1))
                    w.test = w.current if swap else w.prev
                    w.test_begin = w.prev_begin - shift
                    w.test_degree = w.prev_degree - shorter
                if weighted:
                    if w.prev >= 0:
                        w.test, w.test_begin, w.test_degree = w.prev, w.prev_begin, w.prev_degree
                    ge_prefetch(&table[w.arc, 0])
                    ge_prefetch(&table[w.arc, 2])
                else:
                    ge_prefetch(&arcs.indices[w.arc])

            # The node proposed, and what is still to be asked about it.
            for i in range(n_active):
                w = &walkers[i]
                if w.kind != EXACT:
                    if weighted:
                        coin = <uint32_t>w.candidate
                        x = <int32_t>table[w.arc, 1 if coin < table[w.arc, 0] else 2]
                    else:
                        x = arcs.indices[w.arc]
                    w.candidate = w.prev if w.kind == RETURN else x
                w.verdict = KEEP
                if w.prev >= 0:
                    is_common = w.kind == COMMON
                    w.verdict = KEEP + is_common - 2 * (is_common & (w.candidate == w.prev))
                    if extend and is_common:
                        w.limit = next_unit(key, ids[w.row], w)
                    elif thinned and w.kind == BASE:
                        u = ge_unit(ge_draw(key, <uint64_t>ids[w.row], w.draws))
                        if w.candidate == w.prev:
                            w.draws += keep_prev < 1.0
                            w.verdict = KEEP if u < keep_prev else DROP
                        elif keep_common < 1.0:
                            # kept with probability 1 - (1 - q) f, that is if f < (1 - u) / (1 - q)
                            w.draws += 1
                            w.verdict = KEEP if u < keep_common else IF_NOT_COMMON
                            w.limit = (1.0 - u) * per_kept
                    elif returns_vary and w.kind == RETURN:
                        w.back = weight_back(&arcs, values, directed, w)
                        w.verdict = KEEP if w.limit < extra_return * w.back else DROP
                    if asks:
                        w.place = prefetch_arc(&arcs, w.verdict >= IF_COMMON, w.test, w.test_begin, w.test_degree,
                                               w.candidate)
                ge_prefetch(&indptr[w.candidate])
                if weighted:
                    ge_prefetch(&strength[w.candidate, 0])

            # Kept or not.
            for i in range(n_active):
                w = &walkers[i]
                near = 0
                if reads_bits:  # asked or not: a branch would be taken by chance
                    near = (arcs.bits[w.place] >> (w.candidate & 31)) & 1
                elif w.verdict >= IF_COMMON:
                    if extend:
                        u = commonness(&arcs, values, mean, w, w.candidate, beta)
                        near = u > w.limit if w.verdict == IF_COMMON else u >= w.limit
                    else:
                        near = has_arc(&arcs, w.test, w.test_begin, w.test_degree, w.candidate)
                keep = (w.verdict == KEEP) | ((w.verdict >> 1) & (near ^ (w.verdict & 1)))
                walks[w.row, w.t] = w.candidate  # if dropped, written over
                w.t += keep
                w.prev = w.current if keep else w.prev
                w.prev_begin = w.begin if keep else w.prev_begin
                w.prev_degree = w.degree if keep else w.prev_degree
                w.current = w.candidate if keep else w.current
                w.tries = 0 if keep else w.tries
    return proposals, dead_ends


cdef inline void open_walk(Walker *w, int64_t row, int32_t start) noexcept nogil:
    w.row = row
    w.t = 1
    w.tries = 0
    w.draws = 0
    w.current = start
    w.prev = -1
    w.prev_begin = w.prev_degree = 0
    w.test = 0
    w.place = 0
    w.back = 1.0


cdef double weight_back(const Arcs *a, const float *weights, bint directed, Walker *w) noexcept nogil:
    """Weight of the arc from the current node to the one before; 0 where there is none."""
    cdef int64_t arc
    if weights == NULL:
        return 1.0 if has_arc(a, w.current, w.begin, w.degree, w.prev) else 0.0
    if directed or w.degree <= w.prev_degree:
        arc = ge_find(a.indices, w.begin, w.begin + w.degree, w.prev)
    else:
        arc = ge_find(a.indices, w.prev_begin, w.prev_begin + w.prev_degree, w.current)
    return <double>weights[arc] if arc >= 0 else 0.0


cdef inline double next_unit(uint64_t key, int64_t walk, Walker *w) noexcept nogil:
    w.draws += 1
    return ge_unit(ge_draw(key, <uint64_t>walk, w.draws - 1))


cdef double commonness(const Arcs *a, const float *weights, const double *mean, Walker *w, int32_t x,
                       double beta) noexcept nogil:
    """How far x != t counts as a neighbour of t, the node before; 0 or 1 without means.

    With them it is node2vec+: 1 if w(t, x) reaches the mean weight of x; else the ratio of the two,
    unless w(v, x) is below the mean weight of v: then x is noise, and its bias min(1, 1/q).
    """
    cdef int64_t arc
    cdef double near
    if mean == NULL:
        return 1.0 if has_arc(a, w.prev, w.prev_begin, w.prev_degree, x) else 0.0
    arc = ge_find(a.indices, w.prev_begin, w.prev_begin + w.prev_degree, x)
    near = weights[arc] / mean[x] if arc >= 0 else 0.0
    if near >= 1.0:
        return 1.0
    arc = ge_find(a.indices, w.begin, w.begin + w.degree, x)
    if weights[arc] < mean[w.current]:
        return 0.0 if beta <= 1.0 else 1.0
    return near


cdef int32_t draw_from_row(const Arcs *a, const float *weights, const double *mean, Walker *w, double alpha,
                           double beta, double u) noexcept nogil:
    """One neighbour by inversion of the definition, u uniform in [0, 1)."""
    cdef double total = 0.0, target = 0.0
    cdef int64_t i
    cdef int sweep
    for sweep in range(2):
        target = u * total
        total = 0.0
        for i in range(w.begin, w.begin + w.degree):
            total += (weights[i] if weights else 1.0) * (
                alpha if a.indices[i] == w.prev
                else beta + (1.0 - beta) * commonness(a, weights, mean, w, a.indices[i], beta))
            if sweep and total > target:
                return a.indices[i]
    return a.indices[w.begin + w.degree - 1]
