/* Skip-gram kernel for any machine. */
#define GE_VARIANT(name) name##_baseline
#include "sgns_kernel.h"
