/* Skip-gram with negative sampling, one walk at a time. Included once for each instruction set.
 *
 * For the centre at position i the inputs are the M nodes of its window (rows of `vectors`) and the
 * outputs are the centre and its negatives (rows of `contexts`): one M x K block of logistic
 * regressions that share their negatives. All M x K errors are taken before any row changes; the
 * rows then change input by input, as they do pair by pair: each input sees what those before it did
 * to the outputs. (Where all see the old outputs, vectors end up shorter and macro-F1 lower.) That
 * is stable while rate x inputs is small, so with a large rate a window is cut into blocks. */
#include <math.h>
#include <string.h>

#include "rng.h"
#include "sgns.h"
#include "vec.h"

#define GE_STEP 0.53f /* largest rate x places in a block: at rate 0.025 a window of 10 is one block */

/* g[m, k] = vectors[inputs[m]] . contexts[outputs[k]] for one tile of outputs. */
GE_INLINE void dot_tile(const ge_sgns *s, const int32_t *outputs, int32_t n_inputs, int32_t width, float *g)
{
    const int64_t stride = s->stride;
    const float *v[GE_TILE];
    GE_UNROLL
    for (int k = 0; k < GE_TILE; k++) v[k] = s->contexts + outputs[k] * stride;
    for (int32_t m = 0; m < n_inputs; m += 2) {
        /* An odd last input is taken twice; the second copy lands in the spare row of g. */
        const float *u0 = s->vectors + s->inputs[m] * stride;
        const float *u1 = s->vectors + s->inputs[m + 1 < n_inputs ? m + 1 : m] * stride;
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

/* Both sides of the update for one tile, `columns` vectors of columns from column c on. */
GE_INLINE void update_columns(const ge_sgns *s, const int32_t *outputs, int32_t n_inputs, int32_t width,
                              const float *g, int64_t c, int columns)
{
    const int64_t stride = s->stride;
    ge_vec v[2][GE_TILE];
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) v[j][k] = vec_load(s->contexts + outputs[k] * stride + c + j * GE_LANES);
    for (int32_t m = 0; m < n_inputs; m++) {
        float *row = s->vectors + s->inputs[m] * stride + c;
        const float *gm = g + m * width;
        GE_UNROLL
        for (int j = 0; j < columns; j++) {
            ge_vec u = vec_load(row + j * GE_LANES), du = u;
            GE_UNROLL
            for (int k = 0; k < GE_TILE; k++) {
                ge_vec gk = vec_all(gm[k]);
                du = vec_fma(gk, v[j][k], du);
                if (!s->frozen) v[j][k] = vec_fma(gk, u, v[j][k]);
            }
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
GE_INLINE double block_loss(const ge_sgns *s, int32_t n_inputs, int32_t width)
{
    double loss = 0.0;
    for (int32_t m = 0; m < n_inputs; m++) {
        double product = 1.0, one = 0.0;
        for (int32_t k = 0; k <= s->n_negative; k++) {
            double right = k ? 1.0 - s->g[m * width + k] : s->g[m * width];
            if (k && s->outputs[k] == s->outputs[0]) continue;
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

GE_INLINE void train_block(ge_sgns *s, int32_t n_inputs, int32_t width, float rate, int sample_loss)
{
    float *g = s->g;
    const int64_t n = (int64_t)n_inputs * width;
    for (int32_t k = 0; k < width; k += GE_TILE) dot_tile(s, s->outputs + k, n_inputs, width, g + k);
    for (int64_t i = 0; i < n; i += GE_LANES) vec_store(g + i, vec_sigmoid(vec_load(g + i)));
    if (sample_loss) {
        s->loss += block_loss(s, n_inputs, width);
        for (int32_t m = 0; m < n_inputs; m++) s->sampled += s->times[m];
    }
    for (int64_t i = 0; i < n; i += GE_LANES) vec_store(g + i, vec_mul(vec_load(g + i), vec_all(-rate)));
    for (int32_t m = 0; m < n_inputs; m++) {
        g[m * width] += rate;
        if (s->times[m] > 1)
            for (int32_t k = 0; k < width; k++) g[m * width + k] *= (float)s->times[m];
    }
    /* A negative that is the centre itself, and the padding of the last tile, teach nothing. */
    for (int32_t k = 1; k < width; k++)
        if (k > s->n_negative || s->outputs[k] == s->outputs[0])
            for (int32_t m = 0; m < n_inputs; m++) g[m * width + k] = 0.0f;
    for (int32_t k = 0; k < width; k += GE_TILE) {
        int64_t c = 0;
        merge_doubles(s->outputs + k, n_inputs, width, g + k);
        for (; c + 2 * GE_LANES <= s->stride; c += 2 * GE_LANES)
            update_columns(s, s->outputs + k, n_inputs, width, g + k, c, 2);
        if (c < s->stride) update_columns(s, s->outputs + k, n_inputs, width, g + k, c, 1);
    }
}

GE_INLINE int is_input(const ge_sgns *s, int32_t node)
{
    return node >= s->first_input && node - s->first_input < s->n_inputs;
}

/* The nodes at places begin .. end of the walk but i; one that stands there twice is one input. */
GE_INLINE int32_t collect_inputs(ge_sgns *s, int64_t i, int64_t begin, int64_t end)
{
    int32_t n = 0;
    for (int64_t j = begin; j <= end; j++) {
        int64_t before = s->before[j] == i ? s->before[i] : s->before[j];
        if (j == i || !is_input(s, s->kept[j])) continue;
        if (before >= begin) {
            s->times[s->slot[j - begin] = s->slot[before - begin]]++;
        } else {
            s->times[n] = 1;
            s->slot[j - begin] = n;
            s->inputs[n++] = s->kept[j] - s->first_input;
        }
    }
    return n;
}

GE_INLINE void prefetch_row(const float *row, int64_t stride)
{
    for (int64_t c = 0; c < stride; c += GE_LANES) ge_prefetch(row + c);
}

/* One walk: draw t of the walk decides position t (upper half: its window; lower half: whether
 * subsampling keeps it); the negatives are read from the noise pool from a place that the walk's
 * number decides, n_negative for each position. */
void GE_VARIANT(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate)
{
    const int32_t width = (1 + s->n_negative + GE_TILE - 1) / GE_TILE * GE_TILE;
    const int64_t block = rate * (float)(2 * (int64_t)s->window + 1) <= GE_STEP ? 2 * (int64_t)s->window + 1
        : rate >= GE_STEP ? 1 : (int64_t)(GE_STEP / rate);
    const uint64_t pool = ge_mix(s->key ^ ge_mix(id));
    int64_t n = 0;
    for (int64_t t = 0; t < length && walk[t] >= 0; t++) {
        if (s->keep && (uint32_t)ge_draw(s->key, id, (uint64_t)t) > s->keep[walk[t]]) continue;
        s->kept[n++] = walk[t];
    }
    s->tokens += n;
    for (int64_t i = 0; i < n; i++) { /* where the node stood last, if one window may hold both */
        int64_t j = i - 1, end = i - 2 * (int64_t)s->window;
        while (j >= 0 && j >= end && s->kept[j] != s->kept[i]) j--;
        s->before[i] = j >= end ? (int32_t)j : -1;
    }
    for (int64_t i = 0; i < n; i++) {
        const int32_t centre = s->kept[i];
        const int64_t reach = 1 + ge_below(ge_draw(s->key, id, (uint64_t)i), s->window);
        const int64_t from = i > reach ? i - reach : 0, to = i + reach < n - 1 ? i + reach : n - 1;
        const uint64_t next = pool + (uint64_t)(i + 1) * (uint64_t)s->n_negative;
        if (i + 1 < n) { /* the rows that the next centre will need */
            for (int32_t k = 0; k < s->n_negative; k++)
                prefetch_row(s->contexts + s->noise[(next + (uint64_t)k) & s->noise_mask] * s->stride, s->stride);
            if (s->kept[i + 1] < s->n_outputs)
                prefetch_row(s->contexts + s->kept[i + 1] * s->stride, s->stride);
            if (i + 1 + s->window < n && is_input(s, s->kept[i + 1 + s->window]))
                prefetch_row(s->vectors + (s->kept[i + 1 + s->window] - s->first_input) * s->stride, s->stride);
        }
        if (centre >= s->n_outputs) continue;
        s->outputs[0] = centre;
        for (int32_t k = 1; k < width; k++)
            s->outputs[k] = k <= s->n_negative
                ? s->noise[(next - (uint64_t)s->n_negative + (uint64_t)k - 1) & s->noise_mask] : centre;
        for (int64_t begin = from, end; begin <= to; begin = end + 1) {
            int32_t n_inputs;
            end = begin + block - 1 < to ? begin + block - 1 : to;
            n_inputs = collect_inputs(s, i, begin, end);
            for (int32_t m = 0; m < n_inputs; m++) s->pairs += s->times[m];
            if (n_inputs) train_block(s, n_inputs, width, rate, ((uint64_t)i + id) % 16 == 0);
        }
    }
}
