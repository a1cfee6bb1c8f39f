/* A meeting place: threads leave it when all have come. */
#ifndef GRAPHEMB_SYNC_H
#define GRAPHEMB_SYNC_H

#include <stdint.h>

#if defined(_MSC_VER)
#include <intrin.h>
#include <windows.h>
#define GE_ADD(p) (_InterlockedIncrement64(p))
#define GE_READ(p) (_InterlockedOr64(p, 0))
#define GE_WRITE(p, x) ((void)_InterlockedExchange64(p, x))
#define GE_YIELD() ((void)SwitchToThread())
#define GE_PAUSE() YieldProcessor()
typedef volatile int64_t ge_counter;
#else
#include <sched.h>
#define GE_ADD(p) (__atomic_add_fetch(p, 1, __ATOMIC_ACQ_REL))
#define GE_READ(p) (__atomic_load_n(p, __ATOMIC_ACQUIRE))
#define GE_WRITE(p, x) (__atomic_store_n(p, x, __ATOMIC_RELEASE))
#define GE_YIELD() ((void)sched_yield())
#if defined(__x86_64__) || defined(__i386__)
#define GE_PAUSE() __builtin_ia32_pause()
#else
#define GE_PAUSE() ((void)0)
#endif
typedef int64_t ge_counter;
#endif

#define GE_SPINS 100 /* a few us; then the core is lent to others, which may be the threads waited for */

/* place[0] counts arrivals, place[8] (another cache line) meetings; place[9] not 0: somebody will never
 * come. Returns whether all came. */
static inline int ge_meet(int64_t *place, int64_t n_threads)
{
    ge_counter *arrived = (ge_counter *)place, *met = (ge_counter *)(place + 8), *missing = (ge_counter *)(place + 9);
    const int64_t meeting = GE_READ(met);
    if (n_threads == 1) return 1;
    if (GE_ADD(arrived) == n_threads) {
        GE_WRITE(arrived, 0);
        GE_WRITE(met, meeting + 1);
        return 1;
    }
    for (int64_t spins = 0; GE_READ(met) == meeting; spins++) {
        if (GE_READ(missing)) return 0;
        if (spins < GE_SPINS) GE_PAUSE();
        else GE_YIELD();
    }
    return 1;
}

#endif
