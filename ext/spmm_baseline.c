/* Sparse times dense for any machine. */
#define GE_VARIANT(name) name##_baseline
#define GE_BYTES 16
#include "spmm_kernel.h"
