/* Skip-gram with negative sampling. Included once for each instruction set.
 *
 * For the centre at position i the inputs are the M nodes of its window (rows of `vectors`) and the
 * outputs are the centre and its negatives (rows of `contexts`): one M x K block of logistic
 * regressions that share their negatives. All M x K errors are taken before any row changes; the
 * rows then change input by input, as they do pair by pair: each input sees what those before it did
 * to the outputs. (Where all see the old outputs, vectors end up shorter and macro-F1 lower.)
 *
 * In place, a window changes the rows before the next one takes its errors. In batches, the windows of
 * a batch take their errors first, on any number of threads; then the rows change window by window, each
 * thread on its own columns. Every number comes from one fixed sequence of operations, so that the
 * number of threads cannot change it. */
#include <math.h>
#include <string.h>

#include "rng.h"
#include "sgns.h"
#include "vec.h"

#define GE_STEP 0.53f  /* largest rate x places in a block: at rate 0.025 a window of 10 is one block */
#define GE_BURST 0.8f  /* largest rate x windows x visits of a node by a walk, in a batch */

/* One window, or a piece of one. */
typedef struct {
    int32_t n_inputs;
    const int32_t *inputs, *outputs;
    float *g;                        /* (n_inputs + 1, width): the errors, and a spare row */
    const float *damp_u, *damp_v;    /* NULL: no damping */
} ge_block;

/* g[m, k] = vectors[inputs[m]] . contexts[outputs[k]] for one tile of outputs. */
GE_INLINE void dot_tile(const ge_sgns *s, const int32_t *inputs, const int32_t *outputs, int32_t n_inputs, float *g)
{
    const int64_t stride = s->stride, width = s->width;
    const float *v[GE_TILE];
    GE_UNROLL
    for (int k = 0; k < GE_TILE; k++) v[k] = s->contexts + outputs[k] * stride;
    for (int32_t m = 0; m < n_inputs; m += 2) {
        /* An odd last input is taken twice; the second copy lands in the spare row of g. */
        const float *u0 = s->vectors + inputs[m] * stride;
        const float *u1 = s->vectors + inputs[m + 1 < n_inputs ? m + 1 : m] * stride;
        ge_vec a[2 * GE_TILE], zero = vec_all(0.0f), sums;
        float lanes[GE_LANES];
        GE_UNROLL
        for (int k = 0; k < 2 * GE_TILE; k++) a[k] = zero;
        for (int64_t c = 0; c < stride; c += GE_LANES) {
            ge_vec x0 = vec_load(u0 + c), x1 = vec_load(u1 + c);
            GE_UNROLL
            for (int k = 0; k < GE_TILE; k++) {
                ge_vec y = vec_load(v[k] + c);
                a[k] = vec_fma(x0, y, a[k]);
                a[GE_TILE + k] = vec_fma(x1, y, a[GE_TILE + k]);
            }
        }
        sums = vec_fold(vec_fold(vec_fold(vec_fold(a[0], a[1]), vec_fold(a[2], a[3])),
                                 vec_fold(vec_fold(a[4], a[5]), vec_fold(a[6], a[7]))),
                        vec_fold(vec_fold(vec_fold(a[8], a[9]), vec_fold(a[10], a[11])), zero));
        vec_store(lanes, sums);
        memcpy(g + m * width, lanes, GE_TILE * sizeof(float));
        memcpy(g + (m + 1) * width, lanes + GE_TILE, GE_TILE * sizeof(float));
    }
}

/* Where an output stands twice in a tile, its first place takes the errors of both. */
GE_INLINE void merge_doubles(const int32_t *outputs, int32_t n_inputs, int32_t width, float *g)
{
    for (int k = 1; k < GE_TILE; k++)
        for (int l = 0; l < k; l++)
            if (outputs[k] == outputs[l]) {
                for (int32_t m = 0; m < n_inputs; m++) {
                    g[m * width + l] += g[m * width + k];
                    g[m * width + k] = 0.0f;
                }
                break;
            }
}

/* -log of the probability the model gives to the block, from the sigmas in g. */
GE_INLINE double block_loss(const ge_sgns *s, const ge_block *b)
{
    double loss = 0.0;
    for (int32_t m = 0; m < b->n_inputs; m++) {
        double product = 1.0, one = 0.0;
        for (int32_t k = 0; k <= s->n_negative; k++) {
            double right = k ? 1.0 - b->g[m * s->width + k] : b->g[m * s->width];
            if (k && b->outputs[k] == b->outputs[0]) continue;
            product *= right > 1e-12 ? right : 1e-12;
            if (product < 1e-200) {
                one -= log(product);
                product = 1.0;
            }
        }
        loss += (one - log(product)) * s->times[m];
    }
    return loss;
}

/* The errors of a block, times the rate; if `loss` is not NULL, adds the pairs and their loss to it. */
GE_INLINE void block_errors(const ge_sgns *s, const ge_block *b, int32_t n_places, float rate, double *loss)
{
    const int32_t width = s->width, *outputs = b->outputs;
    const int64_t n = (int64_t)b->n_inputs * width;
    float *g = b->g;
    for (int32_t k = 0; k < width; k += GE_TILE) dot_tile(s, b->inputs, outputs + k, b->n_inputs, g + k);
    for (int64_t i = 0; i < n; i += GE_LANES) vec_store(g + i, vec_sigmoid(vec_load(g + i)));
    if (loss) {
        loss[0] += n_places;
        loss[1] += block_loss(s, b);
    }
    for (int64_t i = 0; i < n; i += GE_LANES) vec_store(g + i, vec_mul(vec_load(g + i), vec_all(-rate)));
    for (int32_t m = 0; m < b->n_inputs; m++) g[m * width] += rate;
    if (n_places > b->n_inputs)
        for (int32_t m = 0; m < b->n_inputs; m++)
            for (int32_t k = 0; k < width; k++) g[m * width + k] *= (float)s->times[m];
    /* A negative that is the centre itself, and the padding of the last tile, teach nothing. */
    for (int32_t k = 1; k < width; k++)
        if (k > s->n_negative || outputs[k] == outputs[0])
            for (int32_t m = 0; m < b->n_inputs; m++) g[m * width + k] = 0.0f;
    for (int32_t k = 0; k < width; k += GE_TILE) merge_doubles(outputs + k, b->n_inputs, width, g + k);
}

/* Both sides of the update for tile k, `columns` vectors of columns from column c on. */
GE_INLINE void update_columns(const ge_sgns *s, const ge_block *b, int32_t tile, int64_t c, int columns, int damped)
{
    const int64_t stride = s->stride;
    const int32_t *outputs = b->outputs + tile;
    ge_vec v[2][GE_TILE];
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) v[j][k] = vec_load(s->contexts + outputs[k] * stride + c + j * GE_LANES);
    for (int32_t m = 0; m < b->n_inputs; m++) {
        float *row = s->vectors + b->inputs[m] * stride + c;
        const float *gm = b->g + m * s->width + tile;
        GE_UNROLL
        for (int j = 0; j < columns; j++) {
            ge_vec u = vec_load(row + j * GE_LANES), du = damped ? vec_all(0.0f) : u;
            GE_UNROLL
            for (int k = 0; k < GE_TILE; k++) {
                ge_vec gk = vec_all(gm[k]);
                du = vec_fma(gk, v[j][k], du);
                if (s->frozen) continue;
                if (damped) gk = vec_mul(gk, vec_all(b->damp_v[tile + k]));
                v[j][k] = vec_fma(gk, u, v[j][k]);
            }
            if (damped) du = vec_fma(vec_all(b->damp_u[m]), du, u);
            vec_store(row + j * GE_LANES, du);
        }
    }
    if (s->frozen) return;
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = GE_TILE - 1; k >= 0; k--) /* of an output that stands twice the first place counts */
            vec_store(s->contexts + outputs[k] * stride + c + j * GE_LANES, v[j][k]);
}

GE_INLINE void block_updates(const ge_sgns *s, const ge_block *b, int64_t begin, int64_t end, int damped)
{
    for (int32_t k = 0; k < s->width; k += GE_TILE) {
        int64_t c = begin;
        for (; c + 2 * GE_LANES <= end; c += 2 * GE_LANES) update_columns(s, b, k, c, 2, damped);
        if (c < end) update_columns(s, b, k, c, 1, damped);
    }
}

GE_INLINE int is_input(const ge_sgns *s, int32_t node)
{
    return node >= s->first_input && node - s->first_input < s->n_inputs;
}

/* For each place of walk[0 .. n): where its node stood last, if one window may hold both (else -1),
 * and the largest such place so far, which tells whether a window holds any node twice. */
GE_INLINE void scan_walk(ge_sgns *s, const int32_t *walk, int64_t n)
{
    int32_t latest = -1;
    for (int64_t i = 0; i < n; i++) {
        const int64_t end = i > 2 * (int64_t)s->window ? i - 2 * (int64_t)s->window : 0;
        int32_t last = -1;
        for (int64_t j = end; j < i; j++) last = walk[j] == walk[i] ? (int32_t)j : last;
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

/* The nodes at places begin .. end of the walk but i; one that stands there twice is one input. */
GE_INLINE int32_t collect_inputs(const ge_sgns *s, const int32_t *walk, int64_t i, int64_t begin, int64_t end,
                                 int32_t *inputs, int32_t *n_places)
{
    int32_t n = 0;
    *n_places = 0;
    if (s->latest[end] < begin && s->first_input == 0 && s->n_inputs >= s->n_outputs) {
        for (int64_t j = begin; j <= end; j++) {
            inputs[n] = walk[j];
            n += j != i;
        }
        for (int32_t m = 0; m < n; m++) {
            s->times[m] = 1;
            s->stands[m] = (int32_t)begin + m + (begin + m >= i);
        }
        *n_places = n;
        return n;
    }
    for (int64_t j = begin; j <= end; j++) {
        int64_t before = s->before[j] == i ? s->before[i] : s->before[j];
        if (j == i || !is_input(s, walk[j])) continue;
        ++*n_places;
        if (before >= begin) {
            s->times[s->place[j - begin] = s->place[before - begin]]++;
        } else {
            s->times[n] = 1;
            s->place[j - begin] = n;
            s->stands[n] = (int32_t)j;
            inputs[n++] = walk[j] - s->first_input;
        }
    }
    return n;
}

GE_INLINE void prefetch_row(const float *row, int64_t stride)
{
    for (int64_t c = 0; c < stride; c += GE_LANES) ge_prefetch(row + c);
}

/* Draw t of a walk decides the window of position t; the negatives are read from the noise pool from a
 * place that the walk's number decides, n_negative for each position. */
GE_INLINE uint64_t noise_start(const ge_sgns *s, uint64_t id) { return ge_mix(s->key ^ ge_mix(id)); }

GE_INLINE void window_of(const ge_sgns *s, uint64_t id, int64_t i, int64_t n, int64_t *from, int64_t *to)
{
    const int64_t reach = 1 + ge_below(ge_draw(s->key, id, (uint64_t)i), s->window);
    *from = i > reach ? i - reach : 0;
    *to = i + reach < n - 1 ? i + reach : n - 1;
}

GE_INLINE void fill_outputs(const ge_sgns *s, int32_t centre, uint64_t next, int32_t *outputs)
{
    outputs[0] = centre;
    for (int32_t k = 1; k < s->width; k++)
        outputs[k] = k <= s->n_negative ? s->noise[(next + (uint64_t)k - 1) & s->noise_mask] : centre;
}

/* The rows that the centre at i will need and those before it did not. */
GE_INLINE void prefetch_centre(const ge_sgns *s, const int32_t *walk, int64_t i, int64_t n, uint64_t next)
{
    if (i >= n) return;
    for (int32_t k = 0; k < s->n_negative; k++)
        prefetch_row(s->contexts + s->noise[(next + (uint64_t)k) & s->noise_mask] * s->stride, s->stride);
    if (walk[i] < s->n_outputs) prefetch_row(s->contexts + walk[i] * s->stride, s->stride);
    if (i + s->window < n && is_input(s, walk[i + s->window]))
        prefetch_row(s->vectors + (walk[i + s->window] - s->first_input) * s->stride, s->stride);
}

static void GE_VARIANT(ge_train_walk)(ge_sgns *s, const int32_t *walk, int64_t n, uint64_t id, float rate)
{
    /* Stable while rate x places is small: with a large rate a window is cut into blocks. */
    const int64_t whole = 2 * (int64_t)s->window + 1;
    const int64_t size = rate * (float)whole <= GE_STEP ? whole : rate >= GE_STEP ? 1 : (int64_t)(GE_STEP / rate);
    const uint64_t pool = noise_start(s, id);
    int32_t *outputs = s->nodes + 2, *inputs = outputs + s->width;
    scan_walk(s, walk, n);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t next = pool + (uint64_t)i * (uint64_t)s->n_negative;
        int64_t from, to;
        prefetch_centre(s, walk, i + 1, n, next + (uint64_t)s->n_negative);
        if (walk[i] >= s->n_outputs) continue;
        window_of(s, id, i, n, &from, &to);
        fill_outputs(s, walk[i], next, outputs);
        for (int64_t begin = from, end; begin <= to; begin = end + 1) {
            ge_block b = {0, inputs, outputs, s->g, NULL, NULL};
            int32_t n_places;
            end = begin + size - 1 < to ? begin + size - 1 : to;
            b.n_inputs = collect_inputs(s, walk, i, begin, end, inputs, &n_places);
            s->pairs += n_places;
            if (b.n_inputs == 0) continue;
            block_errors(s, &b, n_places, rate, ((uint64_t)i + id) % 16 == 0 ? s->losses : NULL);
            block_updates(s, &b, 0, s->stride, 0);
        }
    }
}

/* A node to which its walk returns often is in many windows of a batch, none of which sees what the
 * others did; together they may weigh as much as `most_visits` visits. */
GE_INLINE void weigh_returns(const ge_sgns *s, const ge_block *b, int64_t i, float most_visits)
{
    const float centre = most_visits / (float)s->visits[i];
    for (int32_t m = 0; m < b->n_inputs; m++) {
        float *g = b->g + m * s->width, share = most_visits / (float)s->visits[s->stands[m]];
        share = share < 1.0f ? share : 1.0f;
        g[0] *= centre < share ? centre : share;
        for (int32_t k = 1; k < s->width; k++) g[k] *= share;
    }
}

/* The scale of each row's update; returns whether any is less than 1. */
GE_INLINE int32_t find_damping(const ge_sgns *s, const ge_block *b, float *damp_v, float *damp_u)
{
    int32_t damped = 0;
    for (int32_t k = 0; k < s->width; k++) damped |= (damp_v[k] = s->damp_outputs[b->outputs[k]]) < 1.0f;
    for (int32_t m = 0; m < b->n_inputs; m++) damped |= (damp_u[m] = s->damp_inputs[b->inputs[m]]) < 1.0f;
    return damped;
}

static void GE_VARIANT(ge_train_errors)(ge_sgns *s, const int32_t *walk, int64_t n, uint64_t id, float rate,
                                        int64_t begin, int64_t end, int64_t from, int64_t to, int64_t slot)
{
    const uint64_t pool = noise_start(s, id);
    const int64_t first = begin > s->window ? begin - s->window : 0;
    const int64_t past = end + s->window < n ? end + s->window : n;
    const float most_visits = GE_BURST / (rate * (float)(s->window + 1));
    int returns;
    scan_walk(s, walk + first, past - first);
    returns = (float)count_visits(s, past - first) > most_visits;
    for (int64_t i = from; i < to; i++, slot++) {
        const uint64_t next = pool + (uint64_t)i * (uint64_t)s->n_negative;
        int32_t *head = s->nodes + slot * s->nodes_size, *outputs = head + 2, *inputs = outputs + s->width, n_places;
        ge_block b = {0, inputs, outputs, s->g + slot * s->g_size, NULL, NULL};
        float *damp_v = b.g + (int64_t)(2 * s->reach + 1) * s->width;
        int64_t left, right;
        s->losses[2 * slot] = s->losses[2 * slot + 1] = 0.0;
        prefetch_centre(s, walk, i + 1, to, next + (uint64_t)s->n_negative);
        window_of(s, id, i, n, &left, &right);
        fill_outputs(s, walk[i], next, outputs);
        b.n_inputs = collect_inputs(s, walk + first, i - first, left - first, right - first, inputs, &n_places);
        s->pairs += n_places;
        head[0] = b.n_inputs;
        if (b.n_inputs == 0) continue;
        block_errors(s, &b, n_places, rate, ((uint64_t)i + id) % 16 == 0 ? s->losses + 2 * slot : NULL);
        if (returns) weigh_returns(s, &b, i - first, most_visits);
        /* After the errors, whose last vector may reach into the damping. */
        head[1] = s->damp_inputs ? find_damping(s, &b, damp_v, damp_v + s->width) : 0;
    }
}

static void GE_VARIANT(ge_train_apply)(const ge_sgns *s, int64_t n_slots, int64_t begin, int64_t end)
{
    for (int64_t slot = 0; slot < n_slots; slot++) {
        const int32_t *head = s->nodes + slot * s->nodes_size;
        float *g = s->g + slot * s->g_size;
        const float *damp_v = g + (int64_t)(2 * s->reach + 1) * s->width;
        const ge_block b = {head[0], head + 2 + s->width, head + 2, g, damp_v + s->width, damp_v};
        if (slot + 1 < n_slots) {
            const int32_t *next = head + s->nodes_size + 2;
            const float *rows = s->contexts + begin;
            for (int32_t k = 0; k <= s->n_negative; k++) prefetch_row(rows + next[k] * s->stride, end - begin);
        }
        if (head[1]) block_updates(s, &b, begin, end, 1);
        else block_updates(s, &b, begin, end, 0);
    }
}

const ge_kernel GE_VARIANT(ge_kernel) = {
    GE_VARIANT(ge_train_walk), GE_VARIANT(ge_train_errors), GE_VARIANT(ge_train_apply)};
