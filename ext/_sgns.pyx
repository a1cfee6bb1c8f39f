"""Skip-gram kernel: trains two matrices on a batch of walks (the arithmetic is in sgns_kernel.h)."""
from libc.string cimport memcpy

from common cimport ge_draw, int32_t, int64_t, uint32_t, uint64_t


cdef extern from "sync.h" nogil:
    ctypedef struct ge_meeting:
        pass
    void ge_meeting_open(ge_meeting *m, int64_t spins)
    void ge_meeting_leave(ge_meeting *m)
    int64_t ge_arrive(ge_meeting *m, int64_t n_threads)
    bint ge_await(ge_meeting *m, int64_t meeting)


cdef extern from "sgns.h" nogil:
    enum:
        GE_GROUP
        GE_LANES
        GE_TILE
        GE_SAMPLED
    ctypedef struct ge_columns:
        float *vectors
        float *contexts
        int64_t columns
        int64_t row
        int64_t group
    ctypedef struct ge_sgns:
        ge_columns half[2]
        ge_columns whole
        int32_t grouped
        const int32_t *noise
        uint64_t noise_mask
        const float *damp_inputs
        const float *damp_outputs
        int32_t window
        int32_t n_negative
        int32_t star
        int32_t reach
        int32_t width
        int32_t first_input
        int32_t n_inputs
        int32_t n_outputs
        int32_t frozen
        uint64_t key
        int32_t *slots
        int64_t slot_size
        float *g
        float *other
        float *products[2]
        double losses[2]
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
                        int64_t begin, int64_t end, int64_t slot) noexcept nogil
        void (*dots)(const ge_sgns *s, int32_t half, int64_t first, int64_t last) noexcept nogil
        void (*update)(ge_sgns *s, int64_t n_slots, int32_t halves, int64_t begin, int64_t end) noexcept nogil
    const ge_kernel *ge_kernel_variant(int variant)


LANES = GE_LANES
GROUP = GE_GROUP
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


cdef inline int64_t g_size(int64_t reach, int64_t n_negative) noexcept nogil:
    return width_of(n_negative) // GE_TILE * reach * GE_LANES


cdef inline int64_t products_size(int64_t reach, int64_t n_negative, int64_t batch) noexcept nogil:
    return batch * width_of(n_negative) * 2 * reach + GE_LANES


def scratch_sizes(
    int64_t window, int64_t n_negative,    # IN
    int64_t walk_length,                   # IN
    int64_t batch, int64_t n_threads,      # IN
):
    """What `train` needs: floats of all threads; floats, and nodes, of each. `window` may be 0 as there."""
    cdef int64_t reach = min(window or walk_length, walk_length)
    return (products_size(reach, n_negative, batch) * (4 if n_threads > 1 else 1) if batch else 0,
            3 * g_size(reach, n_negative),
            2 * max(batch, <int64_t>1) * slot_size(reach, n_negative)
            + 4 * walk_length + 3 * reach + GE_LANES + 1 + table_size(walk_length))


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


cdef Batch batch_at(const int32_t *walks, int64_t m, int64_t length, int64_t centres, int64_t batch,
                    int64_t number) noexcept nogil:
    """Consecutive whole walks that have `batch` centres together, or that many centres of one walk."""
    cdef int64_t i, step = max(<int64_t>1, batch // centres), parts = (centres + batch - 1) // batch
    cdef Batch b
    b.walk = number // parts * step
    b.place = number % parts * batch
    b.n_slots = 0
    for i in range(b.walk, min(b.walk + step, m)):
        b.n_slots += max(<int64_t>0, min(min(walk_end(walks + i * length, length), centres) - b.place, batch))
    return b


cdef void write_windows(const ge_kernel *kernel, ge_sgns *s, Batch b, const int32_t *walks, const int64_t *ids,
                        const float *rates, int64_t m, int64_t length, int64_t centres,
                        int64_t batch) noexcept nogil:
    """All slots of a batch."""
    cdef int64_t i = b.walk, n, places, slot = 0
    while i < m and slot < b.n_slots:
        n = walk_end(walks + i * length, length)
        places = max(<int64_t>0, min(min(n, centres) - b.place, batch))
        if places:
            kernel.windows(s, walks + i * length, n, <uint64_t>ids[i], rates[i], b.place, b.place + places, slot)
        slot += places
        i += 1


cdef ge_columns columns_at(float *vectors, float *contexts, int64_t stride, int64_t begin, int64_t end,
                           bint grouped) noexcept nogil:
    """Columns [begin, end) of both matrices."""
    cdef ge_columns x
    cdef int64_t before = begin * GE_GROUP if grouped else begin
    x.vectors = vectors + before
    x.contexts = contexts + before
    x.columns = end - begin
    x.row = x.columns if grouped else stride
    x.group = stride * GE_GROUP
    return x


def group(
    bint back,                             # IN  whether to undo it
    float[::1] spare not None,             # TMP (GROUP * stride)
    float[:, ::1] rows not None,           # OUT (a multiple of GROUP, stride), stride a multiple of LANES
):
    """Of each GROUP rows, put the first halves one after the other, and then the second halves.

    Two threads, each at a half of its own, then do not meet on a page. A processor that sees a thread read
    lines in turn reads the next ones for it; where they are the other thread's, it takes them away from it.
    """
    cdef int64_t stride = rows.shape[1], middle = stride // GE_LANES // 2 * GE_LANES, rest = stride - middle, i = 0, k
    cdef float *first
    cdef float *second = &spare[0] + GE_GROUP * middle
    if rows.shape[0] % GE_GROUP or spare.shape[0] < GE_GROUP * stride:
        raise ValueError(f"rows must be a multiple of {GROUP}, got {rows.shape[0]}; "
                         f"spare must have {GROUP * stride} places, got {spare.shape[0]}.")
    with nogil:
        while i < rows.shape[0]:
            first = &rows[i, 0]
            i += GE_GROUP
            if back:
                memcpy(&spare[0], first, GE_GROUP * stride * sizeof(float))
            for k in range(<int64_t>GE_GROUP):
                if back:
                    memcpy(first + k * stride, &spare[0] + k * middle, middle * sizeof(float))
                    memcpy(first + k * stride + middle, second + k * rest, rest * sizeof(float))
                else:
                    memcpy(&spare[0] + k * middle, first + k * stride, middle * sizeof(float))
                    memcpy(second + k * rest, first + k * stride + middle, rest * sizeof(float))
            if not back:
                memcpy(first, &spare[0], GE_GROUP * stride * sizeof(float))


def train(
    const int32_t[:, ::1] walks not None,  # IN  (m, walk_length), -1 past the end
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const float[::1] rates not None,       # IN  (m) learning rate of each walk
    const int32_t[::1] noise not None,     # IN  (a power of two) shuffled pool of negatives
    const float[:, ::1] damping not None,  # IN  (2, n_nodes) scale of the updates of inputs, outputs; or (2, 0)
    int32_t window, int32_t n_negative,    # IN  window 0: of a walk the first node is the centre of all others
    int32_t first_input,                   # IN  node of the first row of vectors
    bint frozen,                           # IN  leave contexts alone
    uint64_t key,                          # IN
    int variant,                           # IN  one of VARIANTS: the instruction set
    int64_t batch,                         # IN  centres in a batch; 0: walk by walk, in place, in one thread
    int64_t thread, int64_t n_threads,     # IN  which of how many threads calls with the same arguments
    int64_t[::1] meeting not None,         # TMP open_meeting(), of all threads
    float[::1] products not None,          # TMP see scratch_sizes, of all threads
    float[::1] g not None,                 # TMP of this one
    int32_t[::1] own not None,             # TMP of this one
    bint grouped,                          # IN  rows lie as `group` left them, for several threads; a multiple of GROUP
    float[:, ::1] vectors not None,        # OUT (n_inputs, stride), stride a multiple of LANES
    float[:, ::1] contexts not None,       # OUT (n_outputs, stride); nodes without a row are left out
    double[::1] totals not None,           # OUT (4) the first thread adds tokens, pairs, sampled pairs, their loss
):
    """Train on the walks in order.

    A batch is as many consecutive whole walks as have `batch` centres, or that many centres of one walk.
    Several threads write the same windows and take the same errors, each for itself; they share the
    scalar products, which are taken over half the columns, and the updates, each on columns of its own.
    Two threads keep to their half of the columns in both, so all that passes between them is products.
    """
    cdef int64_t m = walks.shape[0], length = walks.shape[1], chunks = vectors.shape[1] // GE_LANES
    cdef int64_t centres = length if window else min(length, <int64_t>1)
    cdef int64_t reach = min(<int64_t>window or length, length), size = products_size(reach, n_negative, batch)
    cdef int64_t i, n, begin, end, first, last, number = 0, n_batches = 0, tokens = 0, awaited = 0
    cdef int64_t middle = chunks // 2 * GE_LANES
    cdef bint split = n_threads > 1
    cdef Batch b, coming
    cdef ge_sgns s
    cdef ge_meeting *meet
    cdef const ge_kernel *kernel = ge_kernel_variant(variant)
    if kernel is NULL:
        raise ValueError(f"variant must be one of {VARIANTS}; got {variant}.")
    if grouped and not split:
        raise ValueError(f"grouped rows are for several threads; got n_threads={n_threads}.")
    if m == 0 or length == 0:
        return
    s.whole = columns_at(&vectors[0, 0], &contexts[0, 0], vectors.shape[1], 0, vectors.shape[1], grouped)
    s.half[0] = columns_at(&vectors[0, 0], &contexts[0, 0], vectors.shape[1], 0, middle, grouped)
    s.half[1] = columns_at(&vectors[0, 0], &contexts[0, 0], vectors.shape[1], middle, vectors.shape[1], grouped)
    s.noise = &noise[0]
    s.noise_mask = <uint64_t>noise.shape[0] - 1
    s.damp_inputs = &damping[0, 0] if damping.shape[1] else NULL
    s.damp_outputs = &damping[1, 0] if damping.shape[1] else NULL
    s.grouped = grouped
    s.star = window == 0
    s.window = window or <int32_t>length
    s.n_negative = n_negative
    s.reach = <int32_t>reach
    s.width = <int32_t>width_of(n_negative)
    s.first_input = first_input
    s.n_inputs = <int32_t>vectors.shape[0]
    s.n_outputs = <int32_t>contexts.shape[0]
    s.frozen = frozen
    s.key = key
    s.g = &g[0]
    s.other = s.g + g_size(reach, n_negative)
    s.products[0] = s.products[1] = s.other + g_size(reach, n_negative)
    s.losses[0] = s.losses[1] = 0.0
    s.slot_size = slot_size(reach, n_negative)
    s.slots = &own[0]
    s.line = s.slots + 2 * max(batch, <int64_t>1) * s.slot_size
    s.before = s.line + length + reach + GE_LANES
    s.latest = s.before + length
    s.visits = s.latest + length
    s.place = s.visits + length
    s.table = s.place + 2 * reach + 1
    s.table_mask = <uint32_t>(table_size(length) - 1)
    s.pairs = 0
    with nogil:
        if batch == 0:
            for i in range(m):
                n = walk_end(&walks[i, 0], length)
                kernel.train(&s, &walks[i, 0], n, <uint64_t>ids[i], rates[i])
                tokens += n
        else:
            meet = <ge_meeting *>&meeting[0] if split else NULL
            begin = chunks * thread // n_threads * GE_LANES
            end = chunks * (thread + 1) // n_threads * GE_LANES
            s.products[0] = s.products[1] = &products[0]
            n = max(<int64_t>1, batch // centres)
            n_batches = (m + n - 1) // n * ((centres + batch - 1) // batch)
            b = batch_at(&walks[0, 0], m, length, centres, batch, 0)
            write_windows(kernel, &s, b, &walks[0, 0], &ids[0], &rates[0], m, length, centres, batch)
            while number < n_batches:
                if split:
                    # A thread may be at the dots of the next batch while another is at the update of this.
                    s.products[0] = &products[0] + number % 2 * 2 * size
                    s.products[1] = s.products[0] + size
                    first = 2 * b.n_slots * thread // n_threads
                    last = 2 * b.n_slots * (thread + 1) // n_threads
                    kernel.dots(&s, 0, first, min(last, b.n_slots))
                    kernel.dots(&s, 1, max(first - b.n_slots, <int64_t>0), last - b.n_slots)
                    awaited = ge_arrive(meet, n_threads)
                else:
                    kernel.dots(&s, 2, 0, b.n_slots)
                number += 1
                if number < n_batches:
                    coming = batch_at(&walks[0, 0], m, length, centres, batch, number)
                    s.slots = &own[0] + number % 2 * batch * s.slot_size
                    write_windows(kernel, &s, coming, &walks[0, 0], &ids[0], &rates[0], m, length, centres, batch)
                    s.slots = &own[0] + (number - 1) % 2 * batch * s.slot_size
                if split and not ge_await(meet, awaited):
                    break
                kernel.update(&s, b.n_slots, 2 if split else 1, begin, end)
                tokens += b.n_slots
                b = coming
                s.slots = &own[0] + number % 2 * batch * s.slot_size
                if n_threads > 2 and not ge_await(meet, ge_arrive(meet, n_threads)):  # else each has columns of its own
                    break
    if thread == 0:
        totals[0] += <double>(tokens + s.pairs if s.star and batch else tokens)
        totals[1] += <double>s.pairs
        totals[2] += s.losses[0]
        totals[3] += s.losses[1]
