/* Sparse times dense for x86-64 with AVX-512. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma") /* before any header: their inline functions must match */
#define GE_VARIANT(name) name##_avx512
#define GE_BYTES 64
#include "spmm_kernel.h"
#endif
