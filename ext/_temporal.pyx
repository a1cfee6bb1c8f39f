"""Kernels of temporal walks: arrays in, arrays filled; no state, no GIL, no checks of ranges.

Contacts stand in the order of their times, so those that may follow a contact are the end of a row, and a
neighbour that met the node often is there often.
"""
from libc.math cimport exp

from common cimport ge_below, ge_draw, ge_prefetch, ge_unit, int32_t, int64_t, uint64_t

cdef enum:
    GROUP = 64  # walks in flight

cdef enum Bias:
    UNIFORM, LINEAR, EXPONENTIAL


def sums_of_earlier(
    const int64_t[::1] indptr not None,    # IN  (n_rows + 1)
    const double[::1] times not None,      # IN  (n) ascending in each row
    double rate,                           # IN  1 / time scale
    int64_t start, int64_t stop,           # IN  rows to do
    double[::1] sums not None,             # OUT (n) sum of exp((t_j - t_i) * rate) over j <= i of the row
):
    """Weights that grow with time, summed from the front; relative to the last, so nothing overflows."""
    cdef int64_t u, i
    with nogil:
        for u in range(start, stop):
            for i in range(indptr[u], indptr[u + 1]):
                sums[i] = 1.0
                if i > indptr[u]:
                    sums[i] += exp((times[i - 1] - times[i]) * rate) * sums[i - 1]


def sums_of_later(
    const int64_t[::1] indptr not None,    # IN  (n_rows + 1)
    const double[::1] times not None,      # IN  (n) ascending in each row
    double rate,                           # IN  1 / time scale
    int64_t start, int64_t stop,           # IN  rows to do
    double[::1] sums not None,             # OUT (n) sum of exp((t_i - t_j) * rate) over j >= i of the row
):
    """Weights that fall with time, summed from the back; relative to the first, so nothing overflows."""
    cdef int64_t u, i
    with nogil:
        for u in range(start, stop):
            for i in range(indptr[u + 1] - 1, indptr[u] - 1, -1):
                sums[i] = 1.0
                if i + 1 < indptr[u + 1]:
                    sums[i] += exp((times[i] - times[i + 1]) * rate) * sums[i + 1]


cdef inline int64_t rank(uint64_t key, uint64_t walk, uint64_t *draws, int64_t n) noexcept nogil:
    """In 0 .. n - 1, k with probability in proportion to k + 1: the larger of two distinct of n + 1."""
    cdef int64_t a = ge_below(ge_draw(key, walk, draws[0]), n + 1)
    cdef int64_t b = ge_below(ge_draw(key, walk, draws[0] + 1), n)
    draws[0] += 2
    if b >= a:
        b += 1
    return max(a, b) - 1


cdef inline int64_t pick_late(int bias, const double *times, const double *sums, double rate, int64_t begin,
                              int64_t end, uint64_t key, uint64_t walk, uint64_t *draws) noexcept nogil:
    """One of [begin, end), the beginning of a row: the later the likelier."""
    cdef int64_t low, high, middle
    cdef double target
    if bias == LINEAR:
        return begin + rank(key, walk, draws, end - begin)
    draws[0] += 1
    if bias == UNIFORM:
        return begin + ge_below(ge_draw(key, walk, draws[0] - 1), end - begin)
    target = (1.0 - ge_unit(ge_draw(key, walk, draws[0] - 1))) * sums[end - 1]
    low, high = begin, end - 1  # the first whose sum reaches the target
    while low < high:
        middle = (low + high) >> 1
        if exp((times[middle] - times[end - 1]) * rate) * sums[middle] < target:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int64_t pick_early(int bias, const double *times, const double *sums, double rate, int64_t begin,
                               int64_t end, uint64_t key, uint64_t walk, uint64_t *draws) noexcept nogil:
    """One of [begin, end), the end of a row: the earlier the likelier."""
    cdef int64_t low, high, middle
    cdef double target
    if bias == LINEAR:
        return end - 1 - rank(key, walk, draws, end - begin)
    draws[0] += 1
    if bias == UNIFORM:
        return begin + ge_below(ge_draw(key, walk, draws[0] - 1), end - begin)
    target = (1.0 - ge_unit(ge_draw(key, walk, draws[0] - 1))) * sums[begin]
    low, high = begin, end - 1  # the last whose sum reaches the target
    while low < high:
        middle = (low + high + 1) >> 1
        if exp((times[begin] - times[middle]) * rate) * sums[middle] < target:
            high = middle - 1
        else:
            low = middle
    return low


def temporal_walks(
    const int64_t[::1] indptr not None,    # IN  (n_nodes + 1)
    const int32_t[::1] indices not None,   # IN  (n_arcs)
    const double[::1] times not None,      # IN  (n_arcs) ascending in each row
    const double[::1] later not None,      # IN  (n_arcs) of sums_of_later, or empty: not exponential
    const int32_t[::1] sources not None,   # IN  (n_contacts), or empty: begin at `starts`
    const int32_t[::1] targets not None,   # IN  (n_contacts), or empty
    const double[::1] moments not None,    # IN  (n_contacts) ascending; or `times`, to begin at `starts`
    const double[::1] earlier not None,    # IN  (like moments) of sums_of_earlier, or empty: not exponential
    bint directed,                         # IN
    bint strict,                           # IN  whether the times must increase
    int start_bias, int bias,              # IN  0 uniform, 1 linear, 2 exponential
    double rate,                           # IN  1 / time scale
    uint64_t key,                          # IN
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const int32_t[::1] starts not None,    # IN  (m) first node of each walk
    int32_t[:, ::1] walks not None,        # OUT (m, walk_length), -1 past a dead end
):
    """Walks over contacts whose times never decrease. Returns how many hit a dead end.

    The first contact is drawn from all of them, in either direction if undirected, or from those of the
    node given; every other from those of the node reached, not before the last one.
    """
    cdef int64_t m = walks.shape[0], length = walks.shape[1]
    cdef int64_t first, size, w, t, low, high, middle, end, dead_ends = 0
    cdef int64_t[GROUP] arc
    cdef uint64_t[GROUP] draws
    cdef int32_t[GROUP] current
    cdef double[GROUP] now
    cdef int32_t v
    cdef bint anywhere = sources.shape[0] > 0
    cdef uint64_t walk
    cdef const double *earlier_sums = &earlier[0] if earlier.shape[0] else NULL
    cdef const double *later_sums = &later[0] if later.shape[0] else NULL
    cdef const double *start_times = &moments[0] if moments.shape[0] else NULL
    cdef const double *row_times = &times[0] if times.shape[0] else NULL
    with nogil:
        first = 0
        while first < m:
            size = min(<int64_t>GROUP, m - first)
            # The first contact.
            for w in range(size):
                walk = <uint64_t>ids[first + w]
                draws[w] = 0
                low, high = 0, moments.shape[0]
                if not anywhere:
                    low, high = indptr[starts[first + w]], indptr[starts[first + w] + 1]
                walks[first + w, 0] = starts[first + w]
                current[w] = -1
                if low < high:
                    low = pick_late(start_bias, start_times, earlier_sums, rate, low, high, key, walk, &draws[w])
                    now[w] = start_times[low]
                    if anywhere:
                        current[w], v = targets[low], sources[low]
                        if not directed:
                            draws[w] += 1
                            if ge_draw(key, walk, draws[w] - 1) >> 63:
                                current[w], v = v, current[w]
                        walks[first + w, 0] = v
                    else:
                        current[w] = indices[low]
                    ge_prefetch(&indptr[current[w]])
                elif length > 1:
                    dead_ends += 1
                if length > 1:
                    walks[first + w, 1] = current[w]
            for t in range(2, length):
                # The contacts that may follow: where they begin in the row.
                for w in range(size):
                    arc[w] = -1
                    if current[w] < 0:
                        continue
                    low = indptr[current[w]]
                    high = end = indptr[current[w] + 1]
                    while low < high:
                        middle = (low + high) >> 1
                        if row_times[middle] < now[w] or (strict and row_times[middle] == now[w]):
                            low = middle + 1
                        else:
                            high = middle
                    if low == end:
                        dead_ends += 1
                        continue
                    arc[w] = pick_early(bias, row_times, later_sums, rate, low, end, key, <uint64_t>ids[first + w],
                                        &draws[w])
                    ge_prefetch(&indices[arc[w]])
                    ge_prefetch(&times[arc[w]])
                for w in range(size):
                    v = -1
                    if arc[w] >= 0:
                        v = indices[arc[w]]
                        now[w] = times[arc[w]]
                        ge_prefetch(&indptr[v])
                    current[w] = walks[first + w, t] = v
            first += GROUP
    return dead_ends
