from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "portable.h" nogil:
    void ge_prefetch(const void *address)


cdef extern from "rng.h" nogil:
    uint64_t ge_draw(uint64_t key, uint64_t walk, uint64_t t)
    int64_t ge_below(uint64_t draw, int64_t n)
    double ge_unit(uint64_t draw)
