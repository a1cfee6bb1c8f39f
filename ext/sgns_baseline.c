/* Skip-gram kernel for any machine. */
#define GE_VARIANT ge_train_walk_baseline
#include "sgns_kernel.h"
