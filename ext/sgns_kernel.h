/* Skip-gram with negative sampling. Included once for each instruction set.
 *
 * For the centre at position i the inputs are the M nodes of its window (rows of `vectors`) and the
 * outputs are the centre and its negatives (rows of `contexts`): one M x K block of logistic
 * regressions that share their negatives. All M x K errors are taken before any row changes; the
 * rows then change input by input, as they do pair by pair: each input sees what those before it did
 * to the outputs. (Where all see the old outputs, vectors end up shorter and macro-F1 lower.)
 *
 * In place, a window changes the rows before the next one takes its products. In batches, the products of
 * all windows are taken first, on any number of threads; then the rows change window by window, each
 * thread on its own columns. Every number comes from one fixed sequence of operations, so that the
 * number of threads cannot change it. */
#include <math.h>
#include <string.h>

#include "rng.h"
#include "sgns.h"
#include "vec.h"

#define GE_STEP 0.53f  /* largest rate x places in a block: at rate 0.025 a window of 10 is one block */
#define GE_BLOCK (GE_WIDTH == 16 ? 2 : 1) /* vectors of columns that a tile's update holds in registers */
#define GE_AHEAD 384   /* floats: products that another thread has written take a while to come */
#define GE_BURST 0.8f  /* largest rate x windows x visits of a node by a walk, in a batch */

/* The arrays of one slot. */
typedef struct {
    ge_window *head;
    int32_t *outputs;                /* width */
    int32_t *inputs;                 /* 2 * (reach + GE_LANES), of which 2 * reach count */
    int32_t *times;                  /* 2 * reach; how often an input stands in the window; where weighted */
    float *shares;                   /* 2 * reach; see weigh_returns; where weighted */
} ge_slot;

GE_INLINE ge_slot slot_at(const ge_sgns *s, int64_t slot)
{
    int32_t *head = s->slots + slot * s->slot_size, *outputs = head + sizeof(ge_window) / sizeof(int32_t);
    int32_t *inputs = outputs + s->width, *times = inputs + 2 * (s->reach + GE_LANES);
    return (ge_slot){(ge_window *)head, outputs, inputs, times, (float *)(times + 2 * s->reach)};
}

/* Products lie by tile of outputs, then by pair of inputs, GE_TILE of the first and GE_TILE of the second. */
GE_INLINE int64_t pairs_of(const ge_slot *b) { return (b->head->n_inputs + 1) / 2; }

/* Errors lie in the same order, each pair of inputs in a vector of its own. */
GE_INLINE float *error_at(const ge_slot *b, float *g, int32_t m, int32_t k)
{
    return g + (k / GE_TILE * pairs_of(b) + m / 2) * GE_LANES + m % 2 * GE_TILE + k % GE_TILE;
}

GE_INLINE int64_t row_at(const ge_columns *x, int32_t i, int grouped)
{
    if (!grouped) return i * x->row;
    return (int64_t)((uint32_t)i / GE_GROUP) * x->group + (int64_t)((uint32_t)i % GE_GROUP) * x->row;
}

/* Where the rows of a tile of outputs begin. */
GE_INLINE void find_rows(const ge_columns *x, const int32_t *outputs, float **rows, int grouped)
{
    GE_UNROLL
    for (int k = 0; k < GE_TILE; k++) rows[k] = x->contexts + row_at(x, outputs[k], grouped);
}

/* Scalar products of inputs m and m + 1 with a tile of outputs, whose rows are v, over columns [begin, end). */
GE_INLINE ge_pair dot_pair(const ge_columns *x, const ge_slot *b, int32_t m, float *const *v, int64_t begin, int64_t end,
                          int grouped)
{
    /* An odd last input is taken twice. */
    const float *u0 = x->vectors + row_at(x, b->inputs[m], grouped);
    const float *u1 = x->vectors + row_at(x, b->inputs[m + 1 < b->head->n_inputs ? m + 1 : m], grouped);
    ge_vec a[2 * GE_TILE];
    GE_UNROLL
    for (int k = 0; k < 2 * GE_TILE; k++) a[k] = vec_all(0.0f);
    for (int64_t c = begin; c < end; c += GE_WIDTH) {
        ge_vec x0 = vec_load(u0 + c), x1 = vec_load(u1 + c);
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) {
            ge_vec y = vec_load(v[k] + c);
            GE_KEEP(y);
            a[k] = vec_fma(x0, y, a[k]);
            a[GE_TILE + k] = vec_fma(x1, y, a[GE_TILE + k]);
        }
    }
    return vec_fold(a);
}

/* Errors of a window from its products, which are the sum of `first` and `second` if there is one. */
GE_INLINE void take_errors(const ge_sgns *s, const ge_slot *b, const float *first, const float *second)
{
    static const float centre[GE_LANES] = {1, 0, 0, 0, 0, 0, 1}, places[GE_LANES] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
    const ge_vec one = vec_all(1.0f), zero = vec_all(0.0f);
    float *g = s->g, *sigmas = s->other;
    for (int32_t tile = 0; tile < s->width; tile += GE_TILE) {
        ge_pair rates, labels;
        GE_UNROLL
        for (int p = 0; p < GE_OF_PAIR; p++) {
            /* Outputs past the last have no error. */
            const ge_vec left = vec_sub(vec_all((float)(s->n_negative + 1 - tile)), vec_load(places + p * GE_WIDTH));
            rates.x[p] = vec_mul(vec_all(b->head->rate), vec_max(zero, vec_min(one, left)));
            labels.x[p] = tile ? zero : vec_mul(rates.x[p], vec_load(centre + p * GE_WIDTH));
        }
        for (int64_t pair = 0; pair < pairs_of(b); pair++, g += GE_LANES, sigmas += GE_LANES, first += 2 * GE_TILE) {
            GE_UNROLL
            for (int p = 0; p < GE_OF_PAIR; p++) {
                ge_vec sigma = vec_load(first + p * GE_WIDTH);
                if (second) sigma = vec_add(sigma, vec_load(second + p * GE_WIDTH));
                sigma = vec_sigmoid(sigma);
                if (b->head->sampled) vec_store(sigmas + p * GE_WIDTH, sigma);
                vec_store(g + p * GE_WIDTH, vec_sub(labels.x[p], vec_mul(rates.x[p], sigma)));
            }
            if (second) second += 2 * GE_TILE;
        }
    }
}

/* -log of the probability the model gives to the window, from its sigmas. */
GE_INLINE double window_loss(const ge_sgns *s, const ge_slot *b)
{
    double loss = 0.0, product = 1.0;
    for (int32_t m = 0; m < b->head->n_inputs; m++) {
        const double times = b->head->weighted ? b->times[m] : 1;
        for (int32_t k = 0; k <= s->n_negative; k++) {
            const double sigma = *error_at(b, s->other, m, k), right = k ? 1.0 - sigma : sigma;
            if (k && b->outputs[k] == b->outputs[0]) continue;
            product *= right > 1e-12 ? right : 1e-12;
            if (product < 1e-200 || (b->head->weighted && k == s->n_negative)) {
                loss -= log(product) * times;
                product = 1.0;
            }
        }
    }
    return loss - log(product);
}

GE_INLINE void weigh(const ge_sgns *s, const ge_slot *b)
{
    for (int32_t m = 0; m < b->head->n_inputs; m++)
        for (int32_t tile = 0; tile < s->width; tile += GE_TILE) {
            float *g = error_at(b, s->g, m, tile);
            for (int k = 0; k < GE_TILE; k++) g[k] *= (float)b->times[m] * b->shares[m];
        }
    if (b->head->share >= 1.0f) return;
    for (int32_t m = 0; m < b->head->n_inputs; m++)
        if (b->head->share < b->shares[m]) *error_at(b, s->g, m, 0) *= b->head->share / b->shares[m];
}

/* A negative that is the centre itself teaches nothing. Where an output stands twice in a tile, its
 * first place takes the errors of both. */
GE_INLINE void merge_doubles(const ge_sgns *s, const ge_slot *b)
{
    for (int32_t k = 1; k <= s->n_negative; k++) {
        const int32_t tile = k / GE_TILE * GE_TILE;
        int32_t l = tile;
        while (b->outputs[l] != b->outputs[k]) l++;
        if (b->outputs[k] != b->outputs[0] && l == k) continue;
        for (int32_t m = 0; m < b->head->n_inputs; m++) {
            float *g = error_at(b, s->g, m, tile);
            if (b->outputs[k] != b->outputs[0]) g[l - tile] += g[k - tile];
            g[k - tile] = 0.0f;
        }
    }
}

/* After the errors of a window: its loss, and what is particular about it. */
GE_INLINE void finish(ge_sgns *s, const ge_slot *b)
{
    if (b->head->sampled) {
        s->losses[0] += b->head->n_places;
        s->losses[1] += window_loss(s, b);
    }
    if (b->head->weighted) weigh(s, b);
    if (b->head->doubled) merge_doubles(s, b);
}

/* Both sides of the update for tile k, `columns` vectors of columns from column c on. */
GE_INLINE void update_columns(const ge_sgns *s, const ge_columns *x, const ge_slot *b, int32_t tile, int64_t c,
                              int columns, int damped, int grouped)
{
    const int32_t *outputs = b->outputs + tile;
    const float *gu = error_at(b, s->g, 0, tile), *gv = damped ? error_at(b, s->other, 0, tile) : gu;
    float *rows[GE_TILE];
    ge_vec v[GE_BLOCK][GE_TILE];
    find_rows(x, outputs, rows, grouped);
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) v[j][k] = vec_load(rows[k] + c + j * GE_WIDTH);
    for (int32_t m = 0; m < b->head->n_inputs; m++) {
        float *row = x->vectors + row_at(x, b->inputs[m], grouped) + c;
        const int64_t at = (int64_t)(m / 2) * GE_LANES + m % 2 * GE_TILE;
        ge_vec u[GE_BLOCK], du[GE_BLOCK];
        GE_UNROLL
        for (int j = 0; j < columns; j++) du[j] = u[j] = vec_load(row + j * GE_WIDTH);
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) {
            const ge_vec e = vec_all(gu[at + k]), f = damped ? vec_all(gv[at + k]) : e;
            GE_UNROLL
            for (int j = 0; j < columns; j++) {
                du[j] = vec_fma(e, v[j][k], du[j]);
                if (!s->frozen) v[j][k] = vec_fma(f, u[j], v[j][k]);
            }
        }
        GE_UNROLL
        for (int j = 0; j < columns; j++) vec_store(row + j * GE_WIDTH, du[j]);
    }
    if (s->frozen) return;
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = GE_TILE - 1; k >= 0; k--) /* of an output that stands twice the first place counts */
            vec_store(rows[k] + c + j * GE_WIDTH, v[j][k]);
}

GE_INLINE void update(const ge_sgns *s, const ge_columns *x, const ge_slot *b, int64_t begin, int64_t end, int damped,
                      int grouped)
{
    for (int32_t k = 0; k < s->width; k += GE_TILE) {
        int64_t c = begin;
        for (; c + GE_BLOCK * GE_WIDTH <= end; c += GE_BLOCK * GE_WIDTH)
            update_columns(s, x, b, k, c, GE_BLOCK, damped, grouped);
        if (c < end) update_columns(s, x, b, k, c, 1, damped, grouped);
    }
}

GE_INLINE int is_input(const ge_sgns *s, int32_t node)
{
    return node >= s->first_input && node - s->first_input < s->n_inputs;
}

/* Copies walk[0 .. n) to `line`; for each place: where its node stood last, if one window may hold both (else -1),
 * and the largest such place so far, which tells whether a window holds any node twice. */
GE_INLINE void scan_walk(ge_sgns *s, const int32_t *walk, int64_t n)
{
    int32_t latest = -1;
    for (uint32_t h = 0; h <= s->table_mask; h++) s->table[h] = -1;
    for (int64_t i = 0; i < n; i++) {
        uint32_t h = (uint32_t)walk[i] * 0x9E3779B1u >> 7;
        int32_t last = s->table[h &= s->table_mask];
        while (last >= 0 && walk[last] != walk[i]) last = s->table[h = (h + 1) & s->table_mask];
        s->table[h] = (int32_t)i;
        s->line[i] = walk[i];
        if (i - last > 2 * (int64_t)s->window) last = -1;
        s->before[i] = last;
        s->latest[i] = latest = last > latest ? last : latest;
    }
}

/* How often a node stands at a place and others around it, as near to each other as in a window; returns the largest. */
GE_INLINE int32_t count_visits(ge_sgns *s, int64_t n)
{
    int32_t largest = 0;
    for (int64_t i = 0; i < n; i++) {
        s->visits[i] = s->before[i] < 0 ? 1 : s->visits[s->before[i]] + 1;
        largest = s->visits[i] > largest ? s->visits[i] : largest;
    }
    for (int64_t i = n - 1; i >= 0; i--)
        if (s->before[i] >= 0) s->visits[s->before[i]] = s->visits[i];
    return largest;
}

/* Whether an output stands twice in a tile, or a negative is the centre. */
GE_INLINE int32_t any_double(const ge_sgns *s, const int32_t *outputs)
{
    int32_t doubled = 0;
    for (int32_t tile = 0; tile < s->width; tile += GE_TILE) {
        int32_t o[GE_TILE];
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) o[k] = tile + k <= s->n_negative ? outputs[tile + k] : -1 - k;
        GE_UNROLL
        for (int k = 1; k < GE_TILE; k++)
            GE_UNROLL
            for (int l = 0; l < k; l++) doubled |= o[k] == o[l];
        if (tile == 0) continue;
        for (int k = 0; k < GE_TILE; k++) doubled |= o[k] == outputs[0];
    }
    return doubled;
}

/* The nodes of one side of a window, and some more: no branch depends on their number. */
GE_INLINE void copy_nodes(const ge_sgns *s, const int32_t *from, int32_t *to)
{
    for (int32_t k = 0; k < s->reach; k += GE_LANES) memcpy(to + k, from + k, GE_LANES * sizeof *to);
}

/* The nodes at places begin .. end of the walk but i; one that stands there twice is one input. */
GE_INLINE void collect_inputs(const ge_sgns *s, const ge_slot *b, const int32_t *walk, int64_t i,
                              int64_t begin, int64_t end)
{
    int32_t n = 0, places = 0;
    b->head->share = 1.0f;
    b->head->weighted = 0;
    if (s->latest[end] < begin && s->first_input == 0 && s->n_inputs >= s->n_outputs) {
        const int64_t left = (end < i ? end + 1 : i) - begin, from = begin > i ? begin : i + 1;
        n = left > 0 ? (int32_t)left : 0;
        copy_nodes(s, s->line + begin, b->inputs);
        copy_nodes(s, s->line + from, b->inputs + n);
        n += end >= from ? (int32_t)(end + 1 - from) : 0;
        b->head->n_inputs = b->head->n_places = n;
        return;
    }
    for (int64_t j = begin; j <= end; j++) {
        const int64_t before = s->before[j] == i ? s->before[i] : s->before[j];
        if (j == i || !is_input(s, walk[j])) continue;
        places++;
        if (before >= begin) {
            b->times[s->place[j - begin] = s->place[before - begin]]++;
        } else {
            b->times[n] = 1;
            b->shares[n] = 1.0f;
            s->place[j - begin] = n;
            b->inputs[n++] = walk[j] - s->first_input;
        }
    }
    b->head->n_inputs = n;
    b->head->n_places = places;
    b->head->weighted = places > n;
}

/* A node to which its walk returns often is in many windows of a batch, none of which sees what the
 * others did; together they may weigh as much as `most_visits` visits. */
GE_INLINE void weigh_returns(const ge_sgns *s, const ge_slot *b, int64_t i, int64_t begin, int64_t end,
                             float most_visits)
{
    int32_t n = 0;
    for (int64_t j = begin; j <= end; j++) {
        const int64_t before = s->before[j] == i ? s->before[i] : s->before[j];
        const float share = most_visits / (float)s->visits[j];
        if (j == i || before >= begin) continue;
        if (!b->head->weighted) b->times[n] = 1;
        b->shares[n++] = share < 1.0f ? share : 1.0f;
    }
    b->head->share = most_visits / (float)s->visits[i];
    b->head->weighted = 1;
}

/* Draw t of a walk decides the window of position t; the negatives are read from the noise pool from a
 * place that the walk's number decides, n_negative for each position. */
GE_INLINE uint64_t noise_start(const ge_sgns *s, uint64_t id) { return ge_mix(s->key ^ ge_mix(id)); }

GE_INLINE void window_of(const ge_sgns *s, uint64_t id, int64_t i, int64_t n, int64_t *from, int64_t *to)
{
    const int64_t reach = s->star ? n : 1 + ge_below(ge_draw(s->key, id, (uint64_t)i), s->window);
    *from = i > reach ? i - reach : 0;
    *to = i + reach < n - 1 ? i + reach : n - 1;
}

GE_INLINE void fill_outputs(const ge_sgns *s, int32_t centre, uint64_t next, int32_t *outputs)
{
    outputs[0] = centre;
    for (int32_t k = 1; k <= s->n_negative; k++) outputs[k] = s->noise[(next + (uint64_t)k - 1) & s->noise_mask];
    for (int32_t k = s->n_negative + 1; k < s->width; k++) outputs[k] = centre;
}

/* Begin the window of the centre at i: everything but its inputs. */
GE_INLINE void begin_window(const ge_sgns *s, const ge_slot *b, const int32_t *walk, int64_t i, int64_t n,
                            uint64_t id, uint64_t pool, float rate)
{
    const int64_t last = i + s->window;
    fill_outputs(s, walk[i] < s->n_outputs ? walk[i] : 0, pool + (uint64_t)i * (uint64_t)s->n_negative, b->outputs);
    b->head->rate = rate;
    b->head->sampled = ((uint64_t)i + id) % GE_SAMPLED == 0;
    b->head->doubled = any_double(s, b->outputs);
    b->head->coming = last < n && is_input(s, walk[last]) ? walk[last] - s->first_input : -1;
}

/* Rows that the window `next` will need and those before it did not, from row *at on: a few at a time, as
 * many as the machine has in flight. The window of a star is all new. */
GE_INLINE void prefetch_rows(const ge_sgns *s, const ge_columns *x, const ge_slot *next, int32_t *at, int32_t rows,
                             int grouped)
{
    const int32_t past = s->n_negative + 1 + (s->star ? next->head->n_inputs : 1);
    for (; rows > 0 && *at < past; rows--, ++*at) {
        const int32_t m = *at - s->n_negative - 1, input = m < 0 ? -1 : s->star ? next->inputs[m] : next->head->coming;
        const float *row = x->contexts + row_at(x, next->outputs[m < 0 ? *at : 0], grouped);
        if (input >= 0) row = x->vectors + row_at(x, input, grouped);
        for (int64_t c = 0; c < x->columns; c += GE_LANES) ge_prefetch(row + c);
    }
}

/* Scalar products of a window over some columns; where `middle` is one of them, those before it and those from it on
 * are summed apart, as on two threads. */
GE_INLINE void dot_window(const ge_sgns *s, const ge_columns *x, const ge_slot *b, const ge_slot *next,
                          float *products, int64_t middle, int grouped)
{
    int32_t ahead = 0;
    for (int32_t tile = 0; tile < s->width; tile += GE_TILE) {
        float *rows[GE_TILE];
        find_rows(x, b->outputs + tile, rows, grouped);
        for (int32_t m = 0; m < b->head->n_inputs; m += 2, products += 2 * GE_TILE) {
            ge_pair sums = dot_pair(x, b, m, rows, middle, x->columns, grouped);
            if (middle) {
                const ge_pair before = dot_pair(x, b, m, rows, 0, middle, grouped);
                GE_UNROLL
                for (int p = 0; p < GE_OF_PAIR; p++) sums.x[p] = vec_add(before.x[p], sums.x[p]);
            }
            vec_store_pair(products, &sums);
            prefetch_rows(s, x, next, &ahead, 2, grouped);
        }
    }
    prefetch_rows(s, x, next, &ahead, s->n_negative + 1 + 2 * s->reach, grouped);
}

static void GE_VARIANT(ge_train_walk)(ge_sgns *s, const int32_t *walk, int64_t n, uint64_t id, float rate)
{
    /* Stable while rate x places is small: with a large rate a window is cut into pieces. */
    const int64_t whole = s->star ? n : 2 * (int64_t)s->window + 1, centres = s->star ? 1 : n;
    const int64_t size = rate * (float)whole <= GE_STEP ? whole : rate >= GE_STEP ? 1 : (int64_t)(GE_STEP / rate);
    const uint64_t pool = noise_start(s, id);
    const ge_slot slots[2] = {slot_at(s, 0), slot_at(s, 1)};
    scan_walk(s, walk, n);
    begin_window(s, &slots[0], walk, 0, n, id, pool, rate);
    for (int64_t i = 0; i < centres; i++) {
        const ge_slot b = slots[i % 2], next = slots[(i + 1) % 2];
        int64_t from, to;
        begin_window(s, &next, walk, i + 1 < centres ? i + 1 : i, n, id, pool, rate);
        next.head->n_inputs = 0; /* not yet known */
        if (walk[i] >= s->n_outputs) continue;
        window_of(s, id, i, n, &from, &to);
        for (int64_t begin = from, end; begin <= to; begin = end + 1) {
            end = begin + size - 1 < to ? begin + size - 1 : to;
            collect_inputs(s, &b, walk, i, begin, end);
            s->pairs += b.head->n_places;
            if (b.head->n_inputs == 0) continue;
            dot_window(s, &s->whole, &b, &next, s->products[0], 0, 0);
            take_errors(s, &b, s->products[0], NULL);
            finish(s, &b);
            update(s, &s->whole, &b, 0, s->whole.columns, 0, 0);
        }
    }
}

static void GE_VARIANT(ge_train_windows)(ge_sgns *s, const int32_t *walk, int64_t n, uint64_t id, float rate,
                                         int64_t begin, int64_t end, int64_t slot)
{
    const uint64_t pool = noise_start(s, id);
    const int64_t first = begin > s->window ? begin - s->window : 0;
    const int64_t past = end + s->window < n ? end + s->window : n;
    const float most_visits = GE_BURST / (rate * (s->star ? 1.0f : (float)(s->window + 1)));
    int returns;
    scan_walk(s, walk + first, past - first);
    returns = (float)count_visits(s, past - first) > most_visits;
    for (int64_t i = begin; i < end; i++, slot++) {
        const ge_slot b = slot_at(s, slot);
        int64_t left, right;
        begin_window(s, &b, walk, i, n, id, pool, rate);
        window_of(s, id, i, n, &left, &right);
        collect_inputs(s, &b, walk + first, i - first, left - first, right - first);
        if (returns) weigh_returns(s, &b, i - first, left - first, right - first, most_visits);
        s->pairs += b.head->n_places;
    }
}

GE_INLINE void dot_windows(const ge_sgns *s, int32_t half, int64_t from, int64_t to, int grouped)
{
    float *products = s->products[half == 1];
    for (int64_t slot = 0; slot < to; slot++) {
        const ge_slot b = slot_at(s, slot), next = slot_at(s, slot + 1 < to ? slot + 1 : slot);
        if (slot >= from) {
            if (half == 2) dot_window(s, &s->whole, &b, &next, products, s->half[0].columns, 0);
            else dot_window(s, &s->half[half], &b, &next, products, 0, grouped);
        }
        products += 2 * pairs_of(&b) * s->width;
    }
}

/* The errors as `vectors` sees them, and as `contexts` does, where the updates of a row are scaled. */
GE_INLINE int32_t damp(const ge_sgns *s, const ge_slot *b)
{
    int32_t damped = 0;
    for (int32_t k = 0; k < s->width; k++) damped |= s->damp_outputs[b->outputs[k]] < 1.0f;
    for (int32_t m = 0; m < b->head->n_inputs; m++) damped |= s->damp_inputs[b->inputs[m]] < 1.0f;
    for (int32_t k = 0; damped && k < s->width; k++)
        for (int32_t m = 0; m < b->head->n_inputs; m++) {
            float *g = error_at(b, s->g, m, k);
            *error_at(b, s->other, m, k) = *g * s->damp_outputs[b->outputs[k]];
            *g *= s->damp_inputs[b->inputs[m]];
        }
    return damped;
}

GE_INLINE void update_windows(ge_sgns *s, int64_t n_slots, int32_t halves, int64_t begin, int64_t end, int grouped)
{
    const float *first = s->products[0], *second = halves == 2 ? s->products[1] : NULL;
    for (int64_t slot = 0; slot < n_slots; slot++) {
        const ge_slot b = slot_at(s, slot);
        const int64_t size = 2 * pairs_of(&b) * s->width;
        int32_t damped;
        for (int64_t i = 0; second && i < size; i += GE_LANES) ge_prefetch(second + GE_AHEAD + i);
        take_errors(s, &b, first, second);
        first += size;
        if (second) second += size;
        if (b.head->n_inputs == 0) continue;
        finish(s, &b);
        damped = s->damp_inputs && damp(s, &b);
        for (int half = 0; half < 2; half++) {
            const ge_columns *x = &s->half[half];
            const int64_t before = half ? s->half[0].columns : 0;
            const int64_t from = begin > before ? begin - before : 0;
            const int64_t to = end - before < x->columns ? end - before : x->columns;
            if (damped) update(s, x, &b, from, to, 1, grouped);
            else update(s, x, &b, from, to, 0, grouped);
        }
    }
}

static void GE_VARIANT(ge_train_dots)(const ge_sgns *s, int32_t half, int64_t from, int64_t to)
{
    if (s->grouped) dot_windows(s, half, from, to, 1);
    else dot_windows(s, half, from, to, 0);
}

static void GE_VARIANT(ge_train_update)(ge_sgns *s, int64_t n_slots, int32_t halves, int64_t begin, int64_t end)
{
    if (s->grouped) update_windows(s, n_slots, halves, begin, end, 1);
    else update_windows(s, n_slots, halves, begin, end, 0);
}

const ge_kernel GE_VARIANT(ge_kernel) = {
    GE_VARIANT(ge_train_walk), GE_VARIANT(ge_train_windows), GE_VARIANT(ge_train_dots), GE_VARIANT(ge_train_update)};
