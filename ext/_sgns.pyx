"""Skip-gram kernel: trains two matrices on a batch of walks (the arithmetic is in sgns_kernel.h)."""
from libc.string cimport memset

from common cimport ge_draw, int32_t, int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "sync.h" nogil:
    ctypedef struct ge_meeting:
        pass
    void ge_meeting_open(ge_meeting *m, int64_t spins)
    void ge_meeting_leave(ge_meeting *m)
    int64_t ge_arrive(ge_meeting *m, int64_t n_threads)
    bint ge_await(ge_meeting *m, int64_t meeting)


cdef extern from "sgns.h" nogil:
    enum:
        GE_LANES
        GE_TILE
        GE_PLANNED
        GE_SAMPLED
        GE_HOLDERS
        GE_MOST_PARTS
    ctypedef struct ge_walk:
        const int32_t *nodes
        int64_t n
        int64_t begin
        int64_t end
        uint64_t id
        float rate
    ctypedef struct ge_part:
        float *changes
        int32_t n_inputs
        int32_t n_outputs
        int32_t first_output
        int32_t *lists
        int64_t list_size
        int32_t n_owners
    ctypedef struct ge_sgns:
        float *vectors
        float *contexts
        int64_t columns
        const int32_t *noise
        uint64_t noise_mask
        const float *damp_inputs
        const float *damp_outputs
        int32_t window
        int32_t n_negative
        int32_t star
        int32_t reach
        int32_t n_tiles
        int32_t width
        int32_t first_input
        int32_t n_inputs
        int32_t n_outputs
        int32_t frozen
        uint64_t key
        float **rows
        float **ahead
        float **line
        float **collected
        float **targets
        int32_t *outputs
        int32_t *reaches
        int32_t *doubled
        int32_t *times
        int64_t tile_size
        int64_t g_size
        float *g
        float *rates
        double losses[2]
        int64_t pairs
        int32_t *before
        int32_t *latest
        int32_t *upto
        int32_t *visits
        int32_t *table
        uint32_t table_mask
        int32_t *place
        int32_t *nodes
        uint8_t *input_holders
        uint8_t *output_holders
    ctypedef struct ge_kernel:
        void (*train)(ge_sgns *s, const ge_walk *walk, const ge_walk *next) noexcept nogil
        void (*fetch)(const ge_sgns *s, const ge_walk *walk) noexcept nogil
        void (*hold)(ge_sgns *s, const ge_walk *walk, uint8_t bit) noexcept nogil
        void (*train_apart)(ge_sgns *s, const ge_walk *walk, const ge_walk *next, ge_part *part) noexcept nogil
        void (*add)(const ge_sgns *s, const ge_part *part, int32_t owner) noexcept nogil
    const ge_kernel *ge_kernel_variant(int variant)


cdef enum:
    POINTER = sizeof(void *) // sizeof(int32_t)

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


cdef inline int64_t n_rows(int64_t n_negative) noexcept nogil:
    return GE_PLANNED * (width_of(n_negative) + 2) + 2


cdef inline int64_t n_ahead(int64_t reach, int64_t n_negative) noexcept nogil:
    return width_of(n_negative) + 2 * reach + 4


cdef inline int64_t g_size(int64_t reach, int64_t n_negative) noexcept nogil:
    return (width_of(n_negative) // GE_TILE * reach + 1) * GE_LANES


cdef struct Cut:       # of a corpus into parts
    int64_t walks      # in a part
    int64_t pieces     # of a walk, each of which is a part
    int64_t places     # centres of a walk in a part
    int64_t n_inputs   # rows that the inputs of a part take at most
    int64_t n_outputs  # and its outputs


cdef Cut cut_of(int64_t window, int64_t n_negative, int64_t length, int64_t part) noexcept nogil:
    cdef int64_t centres = length if window else min(length, <int64_t>1)
    cdef Cut cut
    cut.walks = max(<int64_t>1, part // max(centres, <int64_t>1))
    cut.pieces = (centres + part - 1) // part
    cut.places = min(part, centres)
    cut.n_inputs = cut.walks * min(length, cut.places + 2 * window if window else length)
    cut.n_outputs = cut.walks * cut.places * width_of(n_negative)
    return cut


def scratch_sizes(
    int64_t window, int64_t n_negative,    # IN
    int64_t walk_length,                   # IN
    int64_t part, int64_t n_threads,       # IN
):
    """What `train` needs: rows, and places in lists, of each part; floats, and nodes, of each thread."""
    cdef int64_t reach = min(window or walk_length, walk_length), rows = 0
    cdef Cut cut
    if part:
        cut = cut_of(window, n_negative, walk_length, part)
        rows = cut.n_inputs + cut.n_outputs
    return (rows, n_threads * (1 + 2 * rows), 4 * g_size(reach, n_negative),
            POINTER * (n_rows(n_negative) + n_ahead(reach, n_negative) + walk_length + 2 * reach
                       + width_of(n_negative))
            + GE_PLANNED * (width_of(n_negative) + 2) + 4 * walk_length + 4 * reach + 1
            + table_size(walk_length) + rows + 2 * GE_HOLDERS // sizeof(int32_t))


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


cdef struct Corpus:
    const int32_t *walks
    const int64_t *ids
    const float *rates
    int64_t m
    int64_t length
    int64_t n_batches
    Cut cut


cdef bint walk_of(const Corpus *c, int64_t i, int64_t begin, int64_t end, ge_walk *w) noexcept nogil:
    """The centres at [begin, end) of walk i, which may have none."""
    w.nodes = c.walks + i * c.length
    w.n = walk_end(w.nodes, c.length)
    w.begin = begin
    w.end = min(end, w.n)
    w.id = <uint64_t>c.ids[i]
    w.rate = c.rates[i]
    return w.begin < w.end


cdef bint next_of(const Corpus *c, int64_t *part, int64_t *k, int64_t thread, int64_t n_threads, int64_t n_parts,
                  ge_walk *w) noexcept nogil:
    """From walk `k` of part `part` on, the first that has centres, of those that the thread will train.

    Part p is in batch p // n_parts. No batch has two pieces of one walk.
    """
    cdef int64_t i, begin, lane, batch
    while True:
        lane, batch = part[0] % n_parts, part[0] // n_parts
        i = (batch // c.cut.pieces * n_parts + lane) * c.cut.walks
        begin = batch % c.cut.pieces * c.cut.places
        if batch >= c.n_batches:
            return False
        while k[0] < c.cut.walks and i + k[0] < c.m:
            if walk_of(c, i + k[0], begin, begin + c.cut.places, w):
                return True
            k[0] += 1
        part[0] += n_threads if lane + n_threads < n_parts else n_parts - lane + thread
        k[0] = 0


cdef void fetch_batch(const ge_kernel *kernel, const ge_sgns *s, const Corpus *c, int64_t number,
                      int64_t n_parts) noexcept nogil:
    """Begin to fetch the negatives of a batch."""
    cdef int64_t part = number * n_parts, k = 0
    cdef ge_walk walk
    while next_of(c, &part, &k, 0, 1, n_parts, &walk) and part < (number + 1) * n_parts:
        kernel.fetch(s, &walk)
        k += 1


cdef void hold_batch(const ge_kernel *kernel, ge_sgns *s, const Corpus *c, int64_t number,
                     int64_t n_parts) noexcept nogil:
    """Note which nodes the parts of a batch have."""
    cdef int64_t part = number * n_parts, k = 0
    cdef ge_walk walk
    memset(s.input_holders, 0, GE_HOLDERS)
    memset(s.output_holders, 0, GE_HOLDERS)
    while next_of(c, &part, &k, 0, 1, n_parts, &walk) and part < (number + 1) * n_parts:
        kernel.hold(s, &walk, <uint8_t>(1 << part % n_parts))
        k += 1


cdef void open_part(ge_part *p, float *changes, int32_t *lists, int64_t size, int64_t n_owners,
                    int64_t first_output) noexcept nogil:
    """A part that has changed nothing, or whose lists tell what it changed."""
    p.changes = changes
    p.n_inputs = p.n_outputs = 0
    p.first_output = <int32_t>first_output
    p.lists = lists
    p.list_size = size // n_owners
    p.n_owners = <int32_t>n_owners


def train(
    const int32_t[:, ::1] walks not None,  # IN  (m, walk_length), -1 past the end
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const float[::1] rates not None,       # IN  (m) learning rate of each walk
    const int32_t[::1] noise not None,     # IN  (a power of two) shuffled pool of negatives
    const float[:, ::1] damping not None,  # IN  (2, n_nodes) scale of what parts change in inputs, outputs; or (2, 0)
    int32_t window, int32_t n_negative,    # IN  window 0: of a walk the first node is the centre of all others
    int32_t first_input,                   # IN  node of the first row of vectors
    bint frozen,                           # IN  leave contexts alone
    uint64_t key,                          # IN
    int variant,                           # IN  one of VARIANTS: the instruction set
    int64_t part,                          # IN  centres in a part; 0: all in place, in one thread
    int64_t thread, int64_t n_threads,     # IN  which of how many threads calls with the same arguments
    int64_t[::1] meeting not None,         # TMP open_meeting(), of all threads
    float[:, :, ::1] changes not None,     # TMP (parts in a batch, see scratch_sizes, stride), of all threads
    int32_t[:, ::1] lists not None,        # TMP (parts in a batch, see scratch_sizes), of all threads
    float[::1] g not None,                 # TMP of this one
    int32_t[::1] own not None,             # TMP of this one
    float[:, ::1] vectors not None,        # OUT (n_inputs, stride), stride a multiple of LANES
    float[:, ::1] contexts not None,       # OUT (n_outputs, stride); nodes without a row are left out
    double[:, ::1] totals not None,        # OUT (parts in a batch or 1, 4) adds tokens, pairs, sampled ones, their loss
):
    """Train on the walks in order.

    A part is as many consecutive whole walks as have `part` centres, or that many centres of one walk; the parts of
    a batch are of different walks.
    Each part of a batch is trained by one thread, which changes rows that no other part has. Then each thread
    adds what the parts change in the other rows, of those that it owns: that of the first part first.
    """
    cdef int64_t m = walks.shape[0], length = walks.shape[1], n_parts = changes.shape[0]
    cdef int64_t reach = min(<int64_t>window or length, length)
    cdef int64_t number, lane, tokens, i, at = thread, k = 0
    cdef bint more
    cdef ge_walk walk, coming
    cdef ge_part p
    cdef ge_sgns s
    cdef Corpus c
    cdef ge_meeting *meet
    cdef const ge_kernel *kernel = ge_kernel_variant(variant)
    if kernel is NULL:
        raise ValueError(f"variant must be one of {VARIANTS}; got {variant}.")
    if part and frozen:
        raise ValueError(f"part must be 0 where contexts are frozen; got {part}.")
    if m == 0 or length == 0:
        return
    c.walks = &walks[0, 0]
    c.ids = &ids[0]
    c.rates = &rates[0]
    c.m = m
    c.length = length
    s.vectors = &vectors[0, 0]
    s.contexts = &contexts[0, 0]
    s.columns = vectors.shape[1]
    s.noise = &noise[0]
    s.noise_mask = <uint64_t>noise.shape[0] - 1
    s.damp_inputs = &damping[0, 0] if damping.shape[1] else NULL
    s.damp_outputs = &damping[1, 0] if damping.shape[1] else NULL
    s.star = window == 0
    s.window = window or <int32_t>length
    s.n_negative = n_negative
    s.reach = <int32_t>reach
    s.width = <int32_t>width_of(n_negative)
    s.n_tiles = s.width // GE_TILE
    s.first_input = first_input
    s.n_inputs = <int32_t>vectors.shape[0]
    s.n_outputs = <int32_t>contexts.shape[0]
    s.frozen = frozen
    s.key = key
    s.g = &g[0]
    s.tile_size = reach * GE_LANES
    s.g_size = g_size(reach, n_negative)
    s.rates = s.g + 2 * s.g_size
    s.rows = <float **>&own[0]
    s.ahead = s.rows + n_rows(n_negative)
    s.line = s.ahead + n_ahead(reach, n_negative)
    s.collected = s.line + length
    s.targets = s.collected + 2 * reach
    s.outputs = <int32_t *>(s.targets + s.width)
    s.reaches = s.outputs + s.width * GE_PLANNED
    s.doubled = s.reaches + GE_PLANNED
    s.times = s.doubled + GE_PLANNED
    s.before = s.times + 2 * reach
    s.latest = s.before + length
    s.upto = s.latest + length
    s.visits = s.upto + length
    s.place = s.visits + length
    s.table = s.place + 2 * reach + 1
    s.table_mask = <uint32_t>(table_size(length) - 1)
    s.output_holders = <uint8_t *>(s.table + table_size(length))
    s.input_holders = s.output_holders if s.vectors == s.contexts else s.output_holders + GE_HOLDERS
    s.nodes = s.table + table_size(length) + 2 * GE_HOLDERS // sizeof(int32_t)
    c.cut = cut_of(window, n_negative, length, part or length)
    if part == 0:
        n_parts = 1
    elif n_parts > GE_MOST_PARTS:
        raise ValueError(f"changes must be of {GE_MOST_PARTS} parts or fewer; got {n_parts}.")
    elif changes.shape[1] < c.cut.n_inputs + c.cut.n_outputs or lists.shape[0] < n_parts:
        raise ValueError(f"changes must have {c.cut.n_inputs + c.cut.n_outputs} rows a part, got {changes.shape[1]}; "
                         f"lists {n_parts} parts, got {lists.shape[0]}.")
    c.n_batches = (m + n_parts * c.cut.walks - 1) // (n_parts * c.cut.walks) * c.cut.pieces
    meet = <ge_meeting *>&meeting[0] if n_threads > 1 else NULL
    with nogil:
        more = next_of(&c, &at, &k, thread, n_threads, n_parts, &coming)
        if part:
            fetch_batch(kernel, &s, &c, 0, n_parts)
        for number in range(c.n_batches):
            if part:
                hold_batch(kernel, &s, &c, number, n_parts)
                fetch_batch(kernel, &s, &c, number + 1, n_parts)
            lane = thread
            while lane < n_parts:
                s.losses[0] = s.losses[1] = 0.0
                s.pairs = tokens = 0
                if part:
                    open_part(&p, &changes[lane, 0, 0], &lists[lane, 0], lists.shape[1], n_threads, c.cut.n_inputs)
                    for i in range(n_threads):
                        p.lists[i * p.list_size] = 0
                while more and at == number * n_parts + lane:
                    walk = coming
                    k += 1
                    more = next_of(&c, &at, &k, thread, n_threads, n_parts, &coming)
                    if part:
                        kernel.train_apart(&s, &walk, &coming if more else NULL, &p)
                    else:
                        if more:
                            kernel.fetch(&s, &coming)
                        kernel.train(&s, &walk, &coming if more else NULL)
                    tokens += walk.n if s.star else walk.end - walk.begin
                totals[lane, 0] += <double>tokens
                totals[lane, 1] += <double>s.pairs
                totals[lane, 2] += s.losses[0]
                totals[lane, 3] += s.losses[1]
                lane += n_threads
            if part == 0:
                continue
            if n_threads > 1 and not ge_await(meet, ge_arrive(meet, n_threads)):
                break
            for lane in range(n_parts):
                open_part(&p, &changes[lane, 0, 0], &lists[lane, 0], lists.shape[1], n_threads, c.cut.n_inputs)
                kernel.add(&s, &p, <int32_t>thread)
            if n_threads > 1 and not ge_await(meet, ge_arrive(meet, n_threads)):
                break
