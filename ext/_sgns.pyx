"""Skip-gram kernel: trains two matrices on a batch of walks (the arithmetic is in sgns_kernel.h)."""
from common cimport ge_draw, int32_t, int64_t, uint32_t, uint64_t


cdef extern from "sync.h" nogil:
    ctypedef struct ge_meeting:
        pass
    void ge_meeting_open(ge_meeting *m, int64_t spins)
    void ge_meeting_leave(ge_meeting *m)
    bint ge_meet(ge_meeting *m, int64_t n_threads)


cdef extern from "sgns.h" nogil:
    enum:
        GE_LANES
        GE_TILE
        GE_SAMPLED
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
        int32_t *slots
        float *g
        double *losses
        int64_t slot_size
        int64_t g_size
        int32_t *line
        int32_t *before
        int32_t *latest
        int32_t *visits
        int32_t *table
        uint32_t table_mask
        int32_t *place
        int64_t pairs
    ctypedef struct ge_window:
        pass
    ctypedef struct ge_kernel:
        void (*train)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate) noexcept nogil
        void (*windows)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate,
                        int64_t begin, int64_t end, int64_t first, int64_t last, int64_t slot) noexcept nogil
        void (*dots)(const ge_sgns *s, int32_t half, int64_t first, int64_t last) noexcept nogil
        void (*errors)(ge_sgns *s, int64_t first, int64_t last, int32_t alone) noexcept nogil
        void (*apply)(const ge_sgns *s, int64_t n_slots, int64_t begin, int64_t end) noexcept nogil
    const ge_kernel *ge_kernel_variant(int variant)


LANES = GE_LANES
TILE = GE_TILE
SAMPLED = GE_SAMPLED
MEETING = (sizeof(ge_meeting) + 7) // 8
VARIANTS = {name: i for i, name in enumerate(("baseline", "avx2", "avx512"))
            if ge_kernel_variant(i) is not NULL}


cdef inline int64_t walk_end(const int32_t *walk, int64_t length) noexcept nogil:
    """Places of a walk before its padding."""
    cdef int64_t n = length
    while n > 0 and walk[n - 1] < 0:
        n -= 1
    return n


cdef inline int64_t table_size(int64_t walk_length) noexcept nogil:
    cdef int64_t size = 16
    while size < 2 * walk_length:
        size *= 2
    return size


cdef inline int64_t width_of(int64_t n_negative) noexcept nogil:
    return (n_negative + GE_TILE) // GE_TILE * GE_TILE


cdef inline int64_t slot_size(int64_t reach, int64_t n_negative) noexcept nogil:
    cdef int64_t head = sizeof(ge_window) // sizeof(int32_t)
    return (head + width_of(n_negative) + 2 * (reach + GE_LANES) + 4 * reach + 15) // 16 * 16


def scratch_sizes(
    int64_t window, int64_t n_negative,    # IN
    int64_t walk_length,                   # IN
):
    """(floats, nodes) of a slot and (nodes) of a thread that `train` needs."""
    cdef int64_t reach = min(window, walk_length)
    return (2 * width_of(n_negative) // GE_TILE * reach * GE_LANES, slot_size(reach, n_negative),
            4 * walk_length + 3 * reach + GE_LANES + 1 + table_size(walk_length))


def open_meeting(
    int64_t[::1] meeting not None,         # OUT (MEETING) where the threads of `train` wait for each other
    int64_t spins,                         # IN  how often to look for the others before the thread sleeps
):
    """Make ready for `train`."""
    if meeting.shape[0] < MEETING:
        raise ValueError(f"meeting must have at least {MEETING} places; got {meeting.shape[0]}.")
    ge_meeting_open(<ge_meeting *>&meeting[0], spins)


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


cdef struct Batch:
    int64_t walk       # first of its walks
    int64_t place      # first of its places in each walk
    int64_t n_slots


cdef Batch batch_at(const int32_t *walks, int64_t m, int64_t length, int64_t batch, int64_t number) noexcept nogil:
    """Consecutive whole walks that have `batch` places together, or that many places of one walk."""
    cdef int64_t i, step = max(<int64_t>1, batch // length), parts = (length + batch - 1) // batch
    cdef Batch b
    b.walk = number // parts * step
    b.place = number % parts * batch
    b.n_slots = 0
    for i in range(b.walk, min(b.walk + step, m)):
        b.n_slots += max(<int64_t>0, min(walk_end(walks + i * length, length) - b.place, batch))
    return b


cdef void write_windows(const ge_kernel *kernel, ge_sgns *s, Batch b, const int32_t *walks, const int64_t *ids,
                        const float *rates, int64_t m, int64_t length, int64_t batch,
                        int64_t first, int64_t last) noexcept nogil:
    """Slots [first, last) of a batch."""
    cdef int64_t i = b.walk, n, places, slot = 0
    while i < m and slot < last:
        n = walk_end(walks + i * length, length)
        places = max(<int64_t>0, min(n - b.place, batch))
        if max(first, slot) < min(last, slot + places):
            kernel.windows(s, walks + i * length, n, <uint64_t>ids[i], rates[i], b.place, b.place + places,
                           b.place + max(first, slot) - slot, b.place + min(last, slot + places) - slot,
                           max(first, slot))
        slot += places
        i += 1


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
    float[::1] g not None,                 # TMP 2 * max(batch, 1) slots, see scratch_sizes; of all threads
    int32_t[::1] slots not None,           # TMP 2 * max(batch, 1) slots; of all threads
    double[::1] losses not None,           # TMP 2 * max(batch, 1); of all threads
    int32_t[::1] own not None,             # TMP see scratch_sizes
    float[:, ::1] vectors not None,        # OUT (n_inputs, stride), stride a multiple of LANES
    float[:, ::1] contexts not None,       # OUT (n_outputs, stride); nodes without a row are left out
    double[::1] totals not None,           # OUT (4) added to: tokens, pairs, sampled pairs, their loss
):
    """Train on the walks in order.

    A batch is as many consecutive whole walks as have `batch` places, or that many places of one walk.
    Its windows are written while the errors of the batch before are taken, each thread some of them.
    Scalar products are taken by columns, half of them at a time, so that with two threads each works
    on columns of its own but for the errors; so are the updates.
    """
    cdef int64_t m = walks.shape[0], length = walks.shape[1], chunks = vectors.shape[1] // GE_LANES
    cdef int64_t reach = min(<int64_t>window, length)
    cdef int64_t i, n, begin, end, first, last, number = 0, n_batches = 0, tokens = 0
    cdef int64_t half = max(batch, <int64_t>1)
    cdef bint split = n_threads > 1
    cdef Batch b, coming
    cdef ge_sgns s
    cdef ge_meeting *meet
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
    s.width = <int32_t>width_of(n_negative)
    s.first_input = first_input
    s.n_inputs = <int32_t>vectors.shape[0]
    s.n_outputs = <int32_t>contexts.shape[0]
    s.frozen = frozen
    s.key = key
    s.g = &g[0]
    s.losses = &losses[0]
    s.g_size = s.width // GE_TILE * reach * GE_LANES
    s.slot_size = slot_size(reach, n_negative)
    s.slots = &slots[0]
    s.line = &own[0]
    s.before = s.line + length + reach + GE_LANES
    s.latest = s.before + length
    s.visits = s.latest + length
    s.place = s.visits + length
    s.table = s.place + 2 * reach + 1
    s.table_mask = <uint32_t>(table_size(length) - 1)
    s.pairs = 0
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
            meet = <ge_meeting *>&meeting[0] if split else NULL
            begin = chunks * thread // n_threads * GE_LANES
            end = chunks * (thread + 1) // n_threads * GE_LANES
            n = max(<int64_t>1, batch // length)
            n_batches = (m + n - 1) // n * ((length + batch - 1) // batch)
            b = batch_at(&walks[0, 0], m, length, batch, 0)
            write_windows(kernel, &s, b, &walks[0, 0], &ids[0], &rates[0], m, length, batch,
                          b.n_slots * thread // n_threads, b.n_slots * (thread + 1) // n_threads)
            if split and not ge_meet(meet, n_threads):
                n_batches = 0
            while number < n_batches:
                if split:
                    first = 2 * b.n_slots * thread // n_threads
                    last = 2 * b.n_slots * (thread + 1) // n_threads
                    kernel.dots(&s, 0, first, min(last, b.n_slots))
                    kernel.dots(&s, 1, max(first - b.n_slots, <int64_t>0), last - b.n_slots)
                    if not ge_meet(meet, n_threads):
                        break
                kernel.errors(&s, b.n_slots * thread // n_threads, b.n_slots * (thread + 1) // n_threads, not split)
                number += 1
                if number < n_batches:
                    coming = batch_at(&walks[0, 0], m, length, batch, number)
                    s.slots = &slots[0] + number % 2 * half * s.slot_size
                    write_windows(kernel, &s, coming, &walks[0, 0], &ids[0], &rates[0], m, length, batch,
                                  coming.n_slots * thread // n_threads, coming.n_slots * (thread + 1) // n_threads)
                    s.slots = &slots[0] + (number - 1) % 2 * half * s.slot_size
                if split and not ge_meet(meet, n_threads):
                    break
                kernel.apply(&s, b.n_slots, begin, end)
                if thread == 0:
                    tokens += b.n_slots
                    for i in range(b.n_slots):
                        totals[2] += losses[2 * i]
                        totals[3] += losses[2 * i + 1]
                b = coming
                s.slots = &slots[0] + number % 2 * half * s.slot_size
                if split:  # a thread may be at the next batch while another is at this
                    s.g = &g[0] + number % 2 * half * 2 * s.g_size
                if n_threads > 2 and not ge_meet(meet, n_threads):  # else each thread has columns of its own
                    break
    totals[0] += <double>tokens
    totals[1] += <double>s.pairs
