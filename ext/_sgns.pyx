"""Skip-gram kernel: trains two matrices in place on a batch of walks (the arithmetic is in sgns_kernel.h)."""
from common cimport int32_t, int64_t, uint32_t, uint64_t


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
        const uint32_t *keep
        int32_t window
        int32_t n_negative
        int32_t first_input
        int32_t n_inputs
        int32_t n_outputs
        int32_t frozen
        uint64_t key
        float *g
        int32_t *inputs
        int32_t *outputs
        int32_t *times
        int32_t *slot
        int32_t *kept
        int32_t *before
        int64_t tokens
        int64_t pairs
        int64_t sampled
        double loss
    ctypedef void (*ge_train_walk)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate)
    ge_train_walk ge_train_walk_variant(int variant)


LANES = GE_LANES
TILE = GE_TILE
VARIANTS = {name: i for i, name in enumerate(("baseline", "avx2", "avx512"))
            if ge_train_walk_variant(i) is not NULL}


def train(
    const int32_t[:, ::1] walks not None,  # IN  (m, walk_length), -1 past the end
    const int64_t[::1] ids not None,       # IN  (m) number of each walk
    const float[::1] rates not None,       # IN  (m) learning rate of each walk
    const int32_t[::1] noise not None,     # IN  (a power of two) shuffled pool of negatives
    const uint32_t[::1] keep not None,     # IN  (n_nodes) subsampling threshold, or empty: keep all
    int32_t window, int32_t n_negative,    # IN
    int32_t first_input,                   # IN  node of the first row of vectors
    bint frozen,                           # IN  leave contexts alone
    uint64_t key,                          # IN
    int variant,                           # IN  one of VARIANTS: the instruction set
    float[::1] g not None,                 # TMP (2 * reach + 2) * K + LANES, reach = min(window, walk_length),
                                           #     K = 1 + n_negative in whole TILEs
    int32_t[::1] nodes not None,           # TMP 6 * reach + 1 + K + 2 * walk_length
    float[:, ::1] vectors not None,        # OUT (n_inputs, stride), stride a multiple of LANES
    float[:, ::1] contexts not None,       # OUT (n_outputs, stride); nodes without a row are left out
    double[::1] totals not None,           # OUT (4) added to: tokens, pairs, sampled pairs, their loss
):
    """Train on the walks in order, in place."""
    cdef int64_t i, m = walks.shape[0], length = walks.shape[1]
    cdef int64_t width = (1 + n_negative + GE_TILE - 1) // GE_TILE * GE_TILE
    cdef int64_t reach = min(<int64_t>window, length)
    cdef ge_sgns s
    cdef ge_train_walk train_walk = ge_train_walk_variant(variant)
    if train_walk is NULL:
        raise ValueError(f"variant must be one of {VARIANTS}; got {variant}.")
    if m == 0 or length == 0:
        return
    s.vectors = &vectors[0, 0]
    s.contexts = &contexts[0, 0]
    s.stride = vectors.shape[1]
    s.noise = &noise[0]
    s.noise_mask = <uint64_t>noise.shape[0] - 1
    s.keep = &keep[0] if keep.shape[0] else NULL
    s.window = window
    s.n_negative = n_negative
    s.first_input = first_input
    s.n_inputs = <int32_t>vectors.shape[0]
    s.n_outputs = <int32_t>contexts.shape[0]
    s.frozen = frozen
    s.key = key
    s.g = &g[0]
    s.inputs = &nodes[0]
    s.times = s.inputs + 2 * reach
    s.slot = s.times + 2 * reach
    s.outputs = s.slot + 2 * reach + 1
    s.kept = s.outputs + width
    s.before = s.kept + length
    s.tokens = s.pairs = s.sampled = 0
    s.loss = 0.0
    with nogil:
        for i in range(m):
            train_walk(&s, &walks[i, 0], length, <uint64_t>ids[i], rates[i])
    totals[0] += <double>s.tokens
    totals[1] += <double>s.pairs
    totals[2] += <double>s.sampled
    totals[3] += s.loss
