/* A meeting: threads arrive, may do something else, and go on when all have come. */
#ifndef GRAPHEMB_SYNC_H
#define GRAPHEMB_SYNC_H

#include <stdint.h>

#include "portable.h"

#if defined(_WIN32)
#include <windows.h>
typedef SRWLOCK ge_lock;
typedef CONDITION_VARIABLE ge_signal;
#define GE_INIT(m) (InitializeSRWLock(&(m)->lock), InitializeConditionVariable(&(m)->signal))
#define GE_LOCK(m) AcquireSRWLockExclusive(&(m)->lock)
#define GE_UNLOCK(m) ReleaseSRWLockExclusive(&(m)->lock)
#define GE_WAIT(m) ((void)SleepConditionVariableSRW(&(m)->signal, &(m)->lock, INFINITE, 0))
#define GE_WAKE_ALL(m) WakeAllConditionVariable(&(m)->signal)
#else
#include <pthread.h>
typedef pthread_mutex_t ge_lock;
typedef pthread_cond_t ge_signal;
#define GE_INIT(m) ((void)pthread_mutex_init(&(m)->lock, NULL), (void)pthread_cond_init(&(m)->signal, NULL))
#define GE_LOCK(m) ((void)pthread_mutex_lock(&(m)->lock))
#define GE_UNLOCK(m) ((void)pthread_mutex_unlock(&(m)->lock))
#define GE_WAIT(m) ((void)pthread_cond_wait(&(m)->signal, &(m)->lock))
#define GE_WAKE_ALL(m) ((void)pthread_cond_broadcast(&(m)->signal))
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#define GE_READ(p) ((int64_t)_InterlockedOr64((volatile int64_t *)(p), 0))
#define GE_WRITE(p, x) ((void)_InterlockedExchange64((volatile int64_t *)(p), x))
#define GE_ADD(p, x) (_InterlockedExchangeAdd64((volatile int64_t *)(p), x) + (x))
#define GE_PAUSE() YieldProcessor()
#else
#define GE_READ(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define GE_WRITE(p, x) __atomic_store_n(p, x, __ATOMIC_SEQ_CST)
#define GE_ADD(p, x) __atomic_add_fetch(p, x, __ATOMIC_SEQ_CST)
#if defined(__x86_64__) || defined(__i386__)
#define GE_PAUSE() __builtin_ia32_pause()
#else
#define GE_PAUSE() ((void)0)
#endif
#endif

typedef struct {
    ge_lock lock;
    ge_signal signal;
    int64_t arrived, met, missing, asleep;
    int64_t spins; /* looks at `met` before the thread sleeps: none where threads share a core */
} ge_meeting;

static inline void ge_meeting_open(ge_meeting *m, int64_t spins)
{
    GE_INIT(m);
    m->spins = spins;
    m->arrived = m->met = m->missing = m->asleep = 0;
}

static inline void ge_wake(ge_meeting *m)
{
    GE_LOCK(m);
    GE_WAKE_ALL(m);
    GE_UNLOCK(m);
}

/* Frees the threads that wait, now and later: somebody will not come. */
static inline void ge_meeting_leave(ge_meeting *m)
{
    GE_WRITE(&m->missing, 1);
    ge_wake(m);
}

/* Says that this thread has come, and goes on; returns what to await. The last of n_threads wakes those that sleep:
 * it writes `met`, then reads `asleep`; they write `asleep`, then read `met`. */
static inline int64_t ge_arrive(ge_meeting *m, int64_t n_threads)
{
    const int64_t meeting = GE_READ(&m->met);
    if (GE_ADD(&m->arrived, 1) == n_threads) {
        GE_WRITE(&m->arrived, 0);
        GE_WRITE(&m->met, meeting + 1);
        if (GE_READ(&m->asleep)) ge_wake(m);
    }
    return meeting;
}

/* Returns whether all threads came. */
static inline int ge_await(ge_meeting *m, int64_t meeting)
{
    for (int64_t i = 0; i < m->spins; i++) {
        if (GE_READ(&m->met) != meeting) return 1;
        GE_PAUSE();
    }
    GE_LOCK(m);
    (void)GE_ADD(&m->asleep, 1);
    while (GE_READ(&m->met) == meeting && !GE_READ(&m->missing)) GE_WAIT(m);
    (void)GE_ADD(&m->asleep, -1);
    GE_UNLOCK(m);
    return GE_READ(&m->met) != meeting;
}

#endif
