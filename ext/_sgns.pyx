"""Skip-gram kernel: trains two matrices on a batch of walks (the arithmetic is in sgns_kernel.h)."""
from common cimport ge_draw, int32_t, int64_t, uint32_t, uint64_t


cdef extern from "sync.h" nogil:
    ctypedef struct ge_meeting:
        pass
    void ge_meeting_open(ge_meeting *m)
    void ge_meeting_leave(ge_meeting *m)
    bint ge_meet(ge_meeting *m, int64_t n_threads)


cdef extern from "sgns.h" nogil:
    enum:
        GE_LANES
        GE_TILE
    ctypedef struct ge_sgns:
        float *vectors
        float *contexts
        int64_t stride
        const int32_t *noise
        uint64_t noise_mask
        const float *damp_inputs
        const float *damp_outputs
        int32_t window
        int32_t n_negative
        int32_t reach
        int32_t width
        int32_t first_input
        int32_t n_inputs
        int32_t n_outputs
        int32_t frozen
        uint64_t key
        float *g
        int32_t *nodes
        double *losses
        int64_t g_size
        int64_t nodes_size
        int32_t *before
        int32_t *latest
        int32_t *place
        int32_t *times
        int32_t *stands
        int32_t *visits
        int64_t pairs
    ctypedef struct ge_kernel:
        void (*train)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate) noexcept nogil
        void (*errors)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate,
                       int64_t begin, int64_t end, int64_t first, int64_t last, int64_t slot) noexcept nogil
        void (*apply)(const ge_sgns *s, int64_t n_slots, int64_t begin, int64_t end) noexcept nogil
    const ge_kernel *ge_kernel_variant(int variant)


LANES = GE_LANES
TILE = GE_TILE
MEETING = (sizeof(ge_meeting) + 7) // 8
VARIANTS = {name: i for i, name in enumerate(("baseline", "avx2", "avx512"))
            if ge_kernel_variant(i) is not NULL}


cdef inline int64_t walk_end(const int32_t *walk, int64_t length) noexcept nogil:
    """Places of a walk before its padding."""
    cdef int64_t n = length
    while n > 0 and walk[n - 1] < 0:
        n -= 1
    return n


def scratch_sizes(
    int64_t window, int64_t n_negative,    # IN
    int64_t walk_length,                   # IN
):
    """(floats, nodes) of a slot and (nodes) of a thread that `train` needs."""
    cdef int64_t width = (n_negative + GE_TILE) // GE_TILE * GE_TILE
    cdef int64_t reach = min(window, walk_length)
    return (((2 * reach + 2) * width + 2 * reach + 2 * GE_LANES - 1) // GE_LANES * GE_LANES,
            (2 + width + 2 * reach + 15) // 16 * 16, 3 * walk_length + 6 * reach + 1)


def open_meeting(
    int64_t[::1] meeting not None,         # OUT (MEETING) where the threads of `train` wait for each other
):
    """Make ready for `train`."""
    if meeting.shape[0] < MEETING:
        raise ValueError(f"meeting must have at least {MEETING} places; got {meeting.shape[0]}.")
    ge_meeting_open(<ge_meeting *>&meeting[0])


def leave_meeting(
    int64_t[::1] meeting not None,         # OUT
):
    """Free the threads that wait in `train`, now and later: one of them will not come."""
    with nogil:
        ge_meeting_leave(<ge_meeting *>&meeting[0])


def subsample(
    int32_t[:, ::1] walks not None,        # OUT (m, walk_length), -1 past the end; nodes not kept are taken out
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const uint32_t[::1] keep not None,     # IN  (n_nodes) a node stays if its coin is not above this
    uint64_t key,                          # IN
):
    """Take frequent nodes out of walks: the lower half of draw t decides place t."""
    cdef int64_t i, t, n, m = walks.shape[0], length = walks.shape[1]
    cdef int32_t node
    with nogil:
        for i in range(m):
            n = 0
            for t in range(length):
                node = walks[i, t]
                if node < 0:
                    break
                if <uint32_t>ge_draw(key, <uint64_t>ids[i], <uint64_t>t) <= keep[node]:
                    walks[i, n] = node
                    n += 1
            for t in range(n, length):
                walks[i, t] = -1


def train(
    const int32_t[:, ::1] walks not None,  # IN  (m, walk_length), -1 past the end
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const float[::1] rates not None,       # IN  (m) learning rate of each walk
    const int32_t[::1] noise not None,     # IN  (a power of two) shuffled pool of negatives
    const float[:, ::1] damping not None,  # IN  (2, n_nodes) scale of the updates of inputs, outputs; or (2, 0)
    int32_t window, int32_t n_negative,    # IN
    int32_t first_input,                   # IN  node of the first row of vectors
    bint frozen,                           # IN  leave contexts alone
    uint64_t key,                          # IN
    int variant,                           # IN  one of VARIANTS: the instruction set
    int64_t batch,                         # IN  places in a batch; 0: walk by walk, in place, in one thread
    int64_t thread, int64_t n_threads,     # IN  which of how many threads calls with the same arguments
    int64_t[::1] meeting not None,         # TMP open_meeting(), of all threads
    float[::1] g not None,                 # TMP max(batch, 1) slots, see scratch_sizes; of all threads
    int32_t[::1] nodes not None,           # TMP max(batch, 1) slots; of all threads
    double[::1] losses not None,           # TMP 2 * max(batch, 1); of all threads
    int32_t[::1] own not None,             # TMP see scratch_sizes
    float[:, ::1] vectors not None,        # OUT (n_inputs, stride), stride a multiple of LANES
    float[:, ::1] contexts not None,       # OUT (n_outputs, stride); nodes without a row are left out
    double[::1] totals not None,           # OUT (4) added to: tokens, pairs, sampled pairs, their loss
):
    """Train on the walks in order.

    A batch is as many consecutive whole walks as have `batch` places, or that many places of one walk.
    """
    cdef int64_t m = walks.shape[0], length = walks.shape[1], chunks = vectors.shape[1] // GE_LANES
    cdef int64_t reach = min(<int64_t>window, length)
    cdef int64_t i, n, w, slot, n_slots, a, b, first, last, step, places, begin, end, tokens = 0
    cdef bint all_here = True
    cdef ge_sgns s
    cdef const ge_kernel *kernel = ge_kernel_variant(variant)
    if kernel is NULL:
        raise ValueError(f"variant must be one of {VARIANTS}; got {variant}.")
    if m == 0 or length == 0:
        return
    s.vectors = &vectors[0, 0]
    s.contexts = &contexts[0, 0]
    s.stride = vectors.shape[1]
    s.noise = &noise[0]
    s.noise_mask = <uint64_t>noise.shape[0] - 1
    s.damp_inputs = &damping[0, 0] if damping.shape[1] else NULL
    s.damp_outputs = &damping[1, 0] if damping.shape[1] else NULL
    s.window = window
    s.n_negative = n_negative
    s.reach = <int32_t>reach
    s.width = (n_negative + GE_TILE) // GE_TILE * GE_TILE
    s.first_input = first_input
    s.n_inputs = <int32_t>vectors.shape[0]
    s.n_outputs = <int32_t>contexts.shape[0]
    s.frozen = frozen
    s.key = key
    s.g = &g[0]
    s.nodes = &nodes[0]
    s.losses = &losses[0]
    s.g_size = ((2 * reach + 2) * s.width + 2 * reach + 2 * GE_LANES - 1) // GE_LANES * GE_LANES
    s.nodes_size = (2 + s.width + 2 * reach + 15) // 16 * 16
    s.before = &own[0]
    s.latest = s.before + length
    s.visits = s.latest + length
    s.times = s.visits + length
    s.stands = s.times + 2 * reach
    s.place = s.stands + 2 * reach
    s.pairs = 0
    begin = chunks * thread // n_threads * GE_LANES
    end = chunks * (thread + 1) // n_threads * GE_LANES
    with nogil:
        if batch == 0:
            losses[0] = losses[1] = 0.0
            for i in range(m):
                n = walk_end(&walks[i, 0], length)
                kernel.train(&s, &walks[i, 0], n, <uint64_t>ids[i], rates[i])
                tokens += n
            totals[2] += losses[0]
            totals[3] += losses[1]
        else:
            step = max(<int64_t>1, batch // length)
            places = min(batch, length)
            w = 0
            while w < m and all_here:
                first = 0
                while first < length:
                    n_slots = 0
                    for i in range(w, min(w + step, m)):
                        n_slots += max(<int64_t>0, min(walk_end(&walks[i, 0], length), first + places) - first)
                    a = n_slots * thread // n_threads
                    b = n_slots * (thread + 1) // n_threads
                    slot = 0
                    for i in range(w, min(w + step, m)):
                        n = walk_end(&walks[i, 0], length)
                        last = max(<int64_t>0, min(n, first + places) - first)
                        if max(a, slot) < min(b, slot + last):
                            kernel.errors(&s, &walks[i, 0], n, <uint64_t>ids[i], rates[i],
                                          first, first + last, first + max(a, slot) - slot,
                                          first + min(b, slot + last) - slot, max(a, slot))
                        slot += last
                    all_here = ge_meet(<ge_meeting *>&meeting[0], n_threads)
                    if not all_here:
                        break
                    kernel.apply(&s, n_slots, begin, end)
                    if thread == 0:
                        tokens += n_slots
                        for i in range(n_slots):
                            totals[2] += losses[2 * i]
                            totals[3] += losses[2 * i + 1]
                    all_here = ge_meet(<ge_meeting *>&meeting[0], n_threads)
                    if not all_here:
                        break
                    first += places
                w += step
    totals[0] += <double>tokens
    totals[1] += <double>s.pairs
