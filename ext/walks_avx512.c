/* Walks for x86-64 with AVX-512: the same ones as those of _walks.pyx, to the bit; what is on record
 * there of the schemes is not said again here.
 *
 * GE_FLIGHT walks advance together, a loop over all of them for each access to memory: while one walk
 * waits for a line, the lines of the others are on their way. What is known of them stands in columns,
 * values are selected by arithmetic and not branched for, and so GCC turns the loops into vector
 * instructions. That takes gathers, 64-bit products and conversions between 64-bit integers and doubles;
 * with AVX2, which has the first alone, the loops of _walks.pyx are faster. */
#include "portable.h"

#ifdef GE_X86_VARIANTS
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,prefer-vector-width=512") /* before any other header */

#include <stddef.h>
#include <string.h>

#include <immintrin.h>

#include "rng.h"
#include "walks.h"

#define GE_FLIGHT 256 /* measured: with 64 a step takes 1.2 to 1.5 times as long */

/* A loop whose rounds do not depend on each other: what it gathers from is no column of the flight. */
#define GE_EACH _Pragma("GCC ivdep") for (i = 0; i < n; i++)

enum { BASE, COMMON, RETURN, EXACT };
enum { DROP, KEEP, IF_COMMON, IF_NOT_COMMON }; /* two bits: the arc test decides; it must answer no */

/* A column for each thing known of a walk in flight. */
typedef struct {
    int64_t walk[GE_FLIGHT];                             /* its number */
    int64_t at[GE_FLIGHT], stop[GE_FLIGHT];              /* output to fill next; the end of its row */
    int64_t draws[GE_FLIGHT];                            /* made so far */
    int64_t tries[GE_FLIGHT];                            /* of this step */
    int64_t current[GE_FLIGHT], begin[GE_FLIGHT], degree[GE_FLIGHT];
    int64_t prev[GE_FLIGHT], prev_begin[GE_FLIGHT], prev_degree[GE_FLIGHT]; /* the node before, or -1 */
    int64_t kind[GE_FLIGHT], arc[GE_FLIGHT], candidate[GE_FLIGHT], verdict[GE_FLIGHT];
    int64_t test[GE_FLIGHT], test_begin[GE_FLIGHT], test_degree[GE_FLIGHT]; /* where the candidate is looked up */
    int64_t place[GE_FLIGHT], near[GE_FLIGHT];           /* of the arc test, prefetched; its answer */
    int64_t coin[GE_FLIGHT];
    int64_t read[GE_FLIGHT];                             /* what stands at `arc`, then at `place` */
    double back[GE_FLIGHT], limit[GE_FLIGHT];            /* mass of the arc v -> t; what a return has to pass */
} flight;

/* a where `chosen` is 1, b where it is 0, without a branch. */
GE_INLINE int64_t pick(int64_t chosen, int64_t a, int64_t b) { return b ^ ((a ^ b) & -chosen); }

/* to[i] = from[at[i]] for the first n, and up to seven more: `at` of walks that are over is still in range. */
GE_INLINE void gather(const int32_t *from, const int64_t *at, int64_t *to, int64_t n)
{
#ifdef __SANITIZE_ADDRESS__ /* it does not see what a gather reads */
    for (int64_t i = 0; i < n; i++) to[i] = from[at[i]];
#else
    for (int64_t i = 0; i < n; i += 8)
        _mm512_storeu_si512(to + i, _mm512_cvtepi32_epi64(_mm512_i64gather_epi32(_mm512_loadu_si512(at + i), from, 4)));
#endif
}

static void open_walk(const ge_walks *g, flight *f, int64_t i, int64_t row)
{
    int64_t u = g->starts[row];
    g->walks[row * g->length] = (int32_t)u;
    if (row + 8 < g->m) GE_PREFETCH(&g->indptr[g->starts[row + 8]]);
    f->walk[i] = g->ids[row];
    f->at[i] = row * g->length + 1;
    f->stop[i] = (row + 1) * g->length;
    f->draws[i] = f->tries[i] = 0;
    f->current[i] = u;
    f->begin[i] = g->indptr[u];
    f->degree[i] = g->indptr[u + 1] - g->indptr[u];
    f->prev[i] = -1;
    f->prev_begin[i] = f->prev_degree[i] = 0;
    f->back[i] = 1.0;
}

/* The first walks; how many there are. */
static int64_t open_flight(ge_walks *g, flight *f)
{
    int64_t n = g->m < GE_FLIGHT ? g->m : GE_FLIGHT;
    memset(f->arc, 0, sizeof f->arc); /* see gather */
    memset(f->place, 0, sizeof f->place);
    g->proposals = g->dead_ends = 0;
    for (int64_t i = 0; i < n; i++) open_walk(g, f, i, i);
    return n;
}

/* Walk j in place of walk i, before a step. */
static void move_walk(flight *f, int64_t i, int64_t j)
{
    f->walk[i] = f->walk[j], f->at[i] = f->at[j], f->stop[i] = f->stop[j], f->draws[i] = f->draws[j];
    f->tries[i] = f->tries[j], f->back[i] = f->back[j];
    f->current[i] = f->current[j], f->begin[i] = f->begin[j], f->degree[i] = f->degree[j];
    f->prev[i] = f->prev[j], f->prev_begin[i] = f->prev_begin[j], f->prev_degree[i] = f->prev_degree[j];
}

static int has_arc(const ge_walks *g, int64_t u, int64_t begin, int64_t degree, int64_t v)
{
    if (g->bits) return (g->bits[u * g->words_a_row + (v >> 5)] >> (v & 31)) & 1;
    if (g->slots) return ge_in_slots(g->slots, ge_slot_of(v, begin, degree), begin, degree, v);
    return ge_find(g->indices, begin, begin + degree, v) >= 0;
}

/* One neighbour by inversion of the definition, u uniform in [0, 1). */
static int64_t draw_from_row(const ge_walks *g, const flight *f, int64_t i, double u)
{
    double alpha = 1.0 / g->p, beta = 1.0 / g->q, total = 0.0, target = 0.0;
    int64_t end = f->begin[i] + f->degree[i], arc;
    for (int sweep = 0; sweep < 2; sweep++) {
        target = u * total;
        total = 0.0;
        for (arc = f->begin[i]; arc < end; arc++) {
            int64_t x = g->indices[arc];
            total += x == f->prev[i] ? alpha
                     : beta + (1.0 - beta) * has_arc(g, f->prev[i], f->prev_begin[i], f->prev_degree[i], x);
            if (sweep && total > target) return x;
        }
    }
    return g->indices[end - 1];
}

/* Walks that are over make room for the next; how many are left in flight. */
static int64_t replace_walks(ge_walks *g, flight *f, int64_t n, int64_t *n_next)
{
    int64_t i = 0;
    while (i < n) {
        if (f->degree[i] > 0 && f->at[i] < f->stop[i]) {
            i++;
            continue;
        }
        if (f->at[i] < f->stop[i]) {
            g->dead_ends++;
            memset(g->walks + f->at[i], 0xFF, (size_t)(f->stop[i] - f->at[i]) * sizeof *g->walks);
        }
        if (*n_next < g->m) open_walk(g, f, i, (*n_next)++);
        else move_walk(f, i, --n);
    }
    return n;
}

/* The row of the current node; walks that are over make room. How many are left. */
static int64_t read_rows(ge_walks *g, flight *GE_RESTRICT f, int64_t n, int64_t *n_next)
{
    const int64_t *GE_RESTRICT indptr = g->indptr;
    int64_t i, over = 0;
    GE_EACH {
        int64_t u = f->current[i], begin = indptr[u], degree = indptr[u + 1] - begin;
        f->begin[i] = begin;
        f->degree[i] = degree;
        over |= (degree == 0) | (f->at[i] >= f->stop[i]);
    }
    return over ? replace_walks(g, f, n, n_next) : n;
}

void ge_first_order(ge_walks *g)
{
    const int64_t *GE_RESTRICT indptr = g->indptr;
    const int32_t *GE_RESTRICT indices = g->indices;
    const int32_t *GE_RESTRICT table = (const int32_t *)g->table;
    const uint64_t key = g->key;
    flight lanes;
    flight *GE_RESTRICT f = &lanes;
    int64_t n = open_flight(g, f), n_next = n, i;

    while ((n = read_rows(g, f, n, &n_next)) > 0) {
        GE_EACH {
            uint64_t draw = ge_draw(key, (uint64_t)f->walk[i], (uint64_t)f->draws[i]);
            f->draws[i] += 1;
            f->coin[i] = (int64_t)(draw & UINT64_C(0xFFFFFFFF));
            f->arc[i] = (table ? 3 : 1) * (f->begin[i] + ge_below(draw, f->degree[i]));
        }
        if (table) {
            GE_EACH {
                GE_PREFETCH(&table[f->arc[i]]); /* an entry may lie in two lines */
                GE_PREFETCH(&table[f->arc[i] + 2]);
            }
            gather(table, f->arc, f->read, n);
            GE_EACH f->arc[i] += 2 - (int64_t)(f->coin[i] < (f->read[i] & INT64_C(0xFFFFFFFF)));
            gather(table, f->arc, f->current, n);
        } else {
            GE_EACH GE_PREFETCH(&indices[f->arc[i]]);
            gather(indices, f->arc, f->current, n);
        }
        GE_EACH GE_PREFETCH(&indptr[f->current[i]]);
        GE_EACH g->walks[f->at[i]] = (int32_t)f->current[i];
        GE_EACH f->at[i] += 1;
    }
}

void ge_second_order(ge_walks *g)
{
    const double alpha = 1.0 / g->p, beta = 1.0 / g->q;
    const double extra_common = 1.0 - beta > 0.0 ? 1.0 - beta : 0.0;
    const double extra_return = alpha - beta > 0.0 ? alpha - beta : 0.0;
    const double keep_common = g->q < 1.0 ? g->q : 1.0, keep_prev = alpha * g->q < 1.0 ? alpha * g->q : 1.0;
    const double per_base = g->q, per_common = extra_common > 0.0 ? 1.0 / extra_common : 0.0;
    const int64_t thins_common = keep_common < 1.0, thins_prev = keep_prev < 1.0;
    const int64_t returns_vary = extra_return > 0.0 && g->directed;
    const int asks = g->q != 1.0 || returns_vary;
    const int64_t *GE_RESTRICT indptr = g->indptr;
    const int32_t *GE_RESTRICT indices = g->indices;
    const int32_t *GE_RESTRICT slots = g->slots;
    const uint32_t *GE_RESTRICT bits = g->bits;
    const int64_t words_a_row = g->words_a_row;
    const uint64_t key = g->key;
    flight lanes;
    flight *GE_RESTRICT f = &lanes;
    int64_t n = open_flight(g, f), n_next = n, i, weary;

    while ((n = read_rows(g, f, n, &n_next)) > 0) {
        /* A component, and the arc proposed in it. */
        weary = 0;
        GE_EACH {
            uint64_t draw = ge_draw(key, (uint64_t)f->walk[i], (uint64_t)f->draws[i]);
            int64_t degree = f->degree[i], prev_degree = f->prev_degree[i], begin = f->begin[i];
            int64_t tries = f->tries[i] + 1, fresh = (int64_t)((uint64_t)f->prev[i] >> 63);
            double back = f->back[i];
            double base = beta * (double)degree;
            double common = extra_common * (double)(degree < prev_degree ? degree : prev_degree);
            double u = ge_unit(draw) * (base + common + extra_return * back);
            int64_t extra = (int64_t)(u >= base) & ~fresh, returns = (int64_t)(u >= base + common) & ~fresh;
            int64_t common_kind = extra & ~returns;
            int64_t swap = common_kind & (int64_t)(degree > prev_degree); /* propose from the shorter row */
            int64_t from = pick(swap, f->prev_begin[i], begin), width = pick(swap, prev_degree, degree);
            int64_t step = pick(extra, (int64_t)((u - base) * per_common), (int64_t)(u * per_base));
            step = step < width - 1 ? step : width - 1;
            step = pick(fresh, ge_below(draw, degree), step);
            f->draws[i] += 1;
            f->tries[i] = tries;
            f->kind[i] = extra + returns;
            f->limit[i] = u - (base + common);
            f->arc[i] = (from + step) & (returns - 1);
            /* A return asks whether v -> t is an arc, a candidate out of t's row whether v -> x is. */
            f->test[i] = pick(swap | returns, f->current[i], f->prev[i]);
            f->test_begin[i] = pick(swap | returns, begin, f->prev_begin[i]);
            f->test_degree[i] = pick(swap | returns, degree, prev_degree);
            weary |= (int64_t)(tries > GE_PATIENCE);
        }
        g->proposals += n;
        if (weary)
            GE_EACH
                if (f->tries[i] > GE_PATIENCE) {
                    double u = ge_unit(ge_draw(key, (uint64_t)f->walk[i], (uint64_t)f->draws[i] - 1));
                    f->kind[i] = EXACT;
                    f->arc[i] = 0;
                    f->candidate[i] = draw_from_row(g, f, i, u);
                }
        GE_EACH GE_PREFETCH(&indices[f->arc[i]]);

        /* The node proposed, and what is still to be asked about it. */
        gather(indices, f->arc, f->read, n);
        GE_EACH {
            int64_t kind = f->kind[i], prev = f->prev[i], x = f->read[i];
            int64_t of_common = kind == COMMON, of_return = kind == RETURN;
            x = pick(of_return, prev, pick(kind == EXACT, f->candidate[i], x));
            int64_t is_prev = x == prev;
            /* KEEP, but of a common one IF_COMMON, or DROP if it is the node before */
            int64_t verdict = KEEP + of_common - 2 * (of_common & is_prev);
            double u = ge_unit(ge_draw(key, (uint64_t)f->walk[i], (uint64_t)f->draws[i]));
            int64_t base = (int64_t)(kind == BASE) & (int64_t)(prev >= 0);
            int64_t of_prev = u < keep_prev; /* KEEP or DROP */
            int64_t of_other = KEEP + 2 * (int64_t)(u >= keep_common); /* or IF_NOT_COMMON */
            verdict = pick(base, pick(is_prev, of_prev, of_other), verdict);
            f->draws[i] += base & pick(is_prev, thins_prev, thins_common);
            verdict = pick(of_return & returns_vary, 2 * (int64_t)(f->limit[i] < extra_return), verdict);
            f->candidate[i] = x;
            f->verdict[i] = verdict;
        }
        GE_EACH GE_PREFETCH(&indptr[f->candidate[i]]);
        if (asks && bits) {
            GE_EACH {
                int64_t at = f->test[i] * words_a_row + (f->candidate[i] >> 5);
                f->place[i] = f->verdict[i] >= IF_COMMON ? at : 0;
            }
            GE_EACH GE_PREFETCH(&bits[f->place[i]]);
        } else if (asks && slots) {
            GE_EACH {
                int64_t at = ge_slot_of(f->candidate[i], f->test_begin[i], f->test_degree[i]);
                f->place[i] = f->verdict[i] >= IF_COMMON ? at : 0;
            }
            GE_EACH GE_PREFETCH(&slots[f->place[i]]);
        }

        /* The arc test. */
        if (asks && bits) {
            gather((const int32_t *)bits, f->place, f->read, n);
            GE_EACH f->near[i] = (f->read[i] >> (f->candidate[i] & 31)) & 1;
        } else if (asks && slots) {
            gather(slots, f->place, f->read, n);
            int64_t unsure = 0;
            GE_EACH {
                int64_t found = f->read[i], same = found == f->candidate[i];
                int64_t open = (int64_t)(found >= 0) & (int64_t)(f->verdict[i] >= IF_COMMON) & ~same;
                f->near[i] = same - open;
                unsure |= open;
            }
            if (unsure)
                for (i = 0; i < n; i++)
                    if (f->near[i] < 0)
                        f->near[i] = ge_in_slots(slots, f->place[i], f->test_begin[i], f->test_degree[i], f->candidate[i]);
        } else if (asks) {
            GE_EACH
                f->near[i] = f->verdict[i] >= IF_COMMON
                    && ge_find(indices, f->test_begin[i], f->test_begin[i] + f->test_degree[i], f->candidate[i]) >= 0;
        } else {
            GE_EACH f->near[i] = 0;
        }

        /* Kept or not; what is dropped is written over. */
        GE_EACH g->walks[f->at[i]] = (int32_t)f->candidate[i];
        GE_EACH {
            int64_t verdict = f->verdict[i];
            int64_t keep = (verdict == KEEP) | ((verdict >> 1) & (f->near[i] ^ (verdict & 1)));
            f->at[i] += keep;
            f->tries[i] = keep ? 0 : f->tries[i];
            if (returns_vary) f->back[i] = keep ? 1.0 : f->kind[i] == RETURN && !f->near[i] ? 0.0 : f->back[i];
            f->prev[i] = keep ? f->current[i] : f->prev[i];
            f->prev_begin[i] = keep ? f->begin[i] : f->prev_begin[i];
            f->prev_degree[i] = keep ? f->degree[i] : f->prev_degree[i];
            f->current[i] = keep ? f->candidate[i] : f->current[i];
        }
    }
}

#endif
