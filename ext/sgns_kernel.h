/* Skip-gram with negative sampling. Included once for each instruction set.
 *
 * For the centre at position i the inputs are the M nodes of its window (rows of `vectors`) and the
 * outputs are the centre and its negatives (rows of `contexts`): one M x K block of logistic
 * regressions that share their negatives. All M x K errors are taken before any row changes; the
 * rows then change input by input, as they do pair by pair: each input sees what those before it did
 * to the outputs. (Where all see the old outputs, vectors end up shorter and macro-F1 lower.)
 *
 * In place, a window changes the rows before the next one takes its products. In batches, several parts of the
 * corpus are trained each by itself, window by window. A part changes at once the rows that no other part of the batch
 * has. Rows that several have stay as they were before the batch: as an input, a part trains a copy of such a row; as
 * an output, each window sees it so. What parts change there is kept, and added to the rows, in the order of the parts,
 * once all of them are done. Every number so comes from one fixed sequence of operations, whichever threads take the
 * parts, and no row changes while another thread reads it. */
#include <math.h>
#include <string.h>

#include "rng.h"
#include "sgns.h"
#include "vec.h"

#define GE_STEP 0.53f  /* largest rate x places in a block: at rate 0.025 a window of 10 is one block */
#define GE_BURST 0.8f  /* largest rate x windows x visits of a node by a walk, in a batch */
#define GE_BLOCK 2     /* vectors of columns that the update of a tile holds in registers */
#define GE_AHEAD 6     /* changes to prefetch */

/* The window of one centre, or a piece of it. */
typedef struct {
    const int32_t *outputs; /* nodes, see output_at */
    float *const *rows;     /* of `contexts`: width */
    float **inputs;         /* rows of `vectors`, or a part's copies of them: n_inputs */
    int32_t n_inputs;
    int32_t n_places;       /* what the inputs stand for: one that stands twice in the window is one input */
    int32_t sampled;        /* whether the loss of the window is taken */
    int32_t doubled;        /* whether a negative is the centre or stands twice */
    int32_t weighted;       /* whether some input stands twice */
    float share;            /* weight of the centre as an output, see GE_BURST */
    float *const *ahead;    /* rows to prefetch: n_ahead, and two more that are there */
    int32_t n_ahead;
} ge_window;

GE_INLINE int32_t output_at(const ge_window *b, int32_t k) { return b->outputs[k * GE_PLANNED]; }

/* Errors lie by tile of outputs, then by input; an odd last input has another beside it, whose errors mean nothing. */
GE_INLINE float *errors_at(const ge_sgns *s, float *g, int32_t m, int32_t tile)
{
    return g + tile * s->tile_size + m * GE_TILE;
}

GE_INLINE float *row_of(const ge_sgns *s, float *matrix, int32_t i) { return matrix + i * s->columns; }

/* A row of `vectors`, or with ~ row that of `contexts`. */
GE_INLINE float *row_at(const ge_sgns *s, int32_t row)
{
    return row < 0 ? row_of(s, s->contexts, ~row) : row_of(s, s->vectors, row);
}

/* What the GE_LANES columns from c on add to the products of two inputs with a tile of outputs, lane by lane; those
 * that begin them need no zeros. */
GE_INLINE void dot_lanes(ge_vec *a, const float *u0, const float *u1, float *const *v, const float *ahead0,
                         const float *ahead1, int64_t c, int begin)
{
    ge_prefetch(ahead0 + c);
    ge_prefetch(ahead1 + c);
    GE_UNROLL
    for (int j = 0; j < GE_LANES; j += GE_WIDTH) {
        const ge_vec x0 = vec_load(u0 + c + j), x1 = vec_load(u1 + c + j);
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) {
            ge_vec y = vec_load(v[k] + c + j);
            GE_KEEP(y);
            a[k] = begin && j == 0 ? vec_mul(x0, y) : vec_fma(x0, y, a[k]);
            a[GE_TILE + k] = begin && j == 0 ? vec_mul(x1, y) : vec_fma(x1, y, a[GE_TILE + k]);
        }
    }
}

/* Scalar products of two inputs with a tile of outputs, whose rows are v. On the way two rows are prefetched, as much
 * at a time as the machine has in flight. */
GE_INLINE ge_pair dot_pair(const float *u0, const float *u1, float *const *v, const float *ahead0,
                           const float *ahead1, int64_t columns)
{
    ge_vec a[2 * GE_TILE];
    dot_lanes(a, u0, u1, v, ahead0, ahead1, 0, 1);
    for (int64_t c = GE_LANES; c < columns; c += GE_LANES) dot_lanes(a, u0, u1, v, ahead0, ahead1, c, 0);
    return vec_fold(a);
}

/* The place of a node in a table of holders. Nodes may share a place. */
GE_INLINE uint8_t *holder_of(uint8_t *holders, int32_t node)
{
    return holders + ((uint32_t)node * 0x9E3779B1u >> (32 - GE_HOLDER_BITS));
}

/* Whether a part may not change the row of a node at once: others have it too, or it is damped. */
GE_INLINE int is_kept(uint8_t *holders, const float *damping, int32_t node)
{
    const uint32_t held = *holder_of(holders, node);
    return ((held & (held - 1)) != 0) | (damping && damping[node] < 1.0f);
}

GE_INLINE int is_input(const ge_sgns *s, int32_t node)
{
    return node >= s->first_input && node - s->first_input < s->n_inputs;
}

/* Scalar products of a window. An odd last input is taken with what lies after it. */
GE_INLINE void dot_window(const ge_sgns *s, const ge_window *b)
{
    const int64_t columns = s->columns;
    float *const *ahead = b->ahead, *const *const last = b->ahead + b->n_ahead;
    for (int32_t tile = 0; tile < s->n_tiles; tile++) {
        float *products = errors_at(s, s->g, 0, tile); /* a pair's may run into the next pair's, which come after */
        float *const *end = b->inputs + b->n_inputs, *rows[GE_TILE];
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) rows[k] = b->rows[tile * GE_TILE + k];
        for (float *const *input = b->inputs; input < end; input += 2, products += 2 * GE_TILE) {
            const ge_pair sums = dot_pair(input[0], input[1], rows, ahead[0], ahead[1], columns);
            GE_UNROLL
            for (int p = 0; p < GE_OF_PAIR; p++) vec_store(products + p * GE_WIDTH, sums.x[p]);
            ahead = last - ahead > 2 ? ahead + 2 : last;
        }
    }
    for (; ahead < last; ahead++)
        for (int64_t c = 0; c < columns; c += GE_LANES) ge_prefetch(*ahead + c);
}

/* The rates of a walk's errors, and the rates times their labels, of as many inputs as a window may have. */
static void fill_rates(const ge_sgns *s, float rate)
{
    const int32_t n = 2 * s->reach * GE_TILE;
    for (int32_t tile = 0; tile < s->n_tiles; tile++) {
        float *rates = errors_at(s, s->rates, 0, tile), *labels = rates + s->g_size;
        for (int32_t i = 0; i < n; i++) rates[i] = rate;
        for (int32_t i = 0; i < n; i++) labels[i] = 0.0f;
        for (int32_t i = 0; i < n && tile == 0; i += GE_TILE) labels[i] = rate;
        for (int32_t k = s->n_negative + 1 - tile * GE_TILE; k < GE_TILE; k++) /* outputs past the last have no error */
            for (int32_t i = k; i < n; i += GE_TILE) rates[i] = 0.0f;
    }
}

/* Errors of a window, in place of its products. */
GE_INLINE void take_errors(const ge_sgns *s, const ge_window *b)
{
    const int64_t n = (int64_t)b->n_inputs * GE_TILE;
    for (int32_t tile = 0; tile < s->n_tiles; tile++) {
        const float *rates = errors_at(s, s->rates, 0, tile), *labels = rates + s->g_size;
        float *g = errors_at(s, s->g, 0, tile), *sigmas = g + s->g_size;
        for (int64_t i = 0; i < n; i += GE_WIDTH) {
            const ge_vec sigma = vec_sigmoid(vec_load(g + i));
            vec_store(sigmas + i, sigma); /* rarely needed, but to ask would cost more */
            vec_store(g + i, vec_sub(vec_load(labels + i), vec_mul(vec_load(rates + i), sigma)));
        }
    }
}

/* -log of the probability the model gives to the window, from its sigmas. */
GE_INLINE double window_loss(const ge_sgns *s, const ge_window *b)
{
    double loss = 0.0, product = 1.0;
    for (int32_t m = 0; m < b->n_inputs; m++) {
        for (int32_t tile = 0; tile < s->n_tiles; tile++) {
            const float *sigmas = errors_at(s, s->g + s->g_size, m, tile);
            const int32_t first = tile * GE_TILE, left = s->n_negative + 1 - first;
            double of_tile = 1.0;
            for (int32_t k = 0; k < GE_TILE && k < left; k++) {
                const double sigma = sigmas[k], right = first + k ? 1.0 - sigma : sigma;
                if (b->doubled && first + k && output_at(b, first + k) == output_at(b, 0)) continue;
                of_tile *= right > 1e-12 ? right : 1e-12;
            }
            for (int32_t i = b->weighted ? s->times[m] : 1; i > 0; i--) {
                product *= of_tile;
                if (product >= 1e-200) continue;
                loss -= log(product);
                product = 1.0;
            }
        }
    }
    return loss - log(product);
}

/* A node that stands twice in the window teaches twice. */
GE_INLINE void weigh(const ge_sgns *s, const ge_window *b)
{
    for (int32_t m = 0; m < b->n_inputs; m++) {
        if (s->times[m] == 1) continue;
        for (int32_t tile = 0; tile < s->n_tiles; tile++) {
            float *errors = errors_at(s, s->g, m, tile);
            for (int k = 0; k < GE_TILE; k++) errors[k] *= (float)s->times[m];
        }
    }
}

/* A negative that is the centre itself teaches nothing. Where an output stands twice in a tile, its
 * first place takes the errors of both. */
GE_INLINE void merge_doubles(const ge_sgns *s, const ge_window *b)
{
    for (int32_t k = 1; k <= s->n_negative; k++) {
        const int32_t first = k / GE_TILE * GE_TILE;
        int32_t l = first;
        while (output_at(b, l) != output_at(b, k)) l++;
        if (output_at(b, k) != output_at(b, 0) && l == k) continue;
        for (int32_t m = 0; m < b->n_inputs; m++) {
            float *g = errors_at(s, s->g, m, k / GE_TILE);
            if (output_at(b, k) != output_at(b, 0)) g[l - first] += g[k - first];
            g[k - first] = 0.0f;
        }
    }
}

/* After the errors of a window: its loss, and what is particular about it. */
GE_INLINE void finish(ge_sgns *s, const ge_window *b)
{
    if (b->sampled) {
        s->losses[0] += b->n_places;
        s->losses[1] += window_loss(s, b);
    }
    if (b->weighted) weigh(s, b);
    if (b->doubled) merge_doubles(s, b);
    if (b->share < 1.0f)
        for (int32_t m = 0; m < b->n_inputs; m++) *errors_at(s, s->g, m, 0) *= b->share;
}

/* What an input and the outputs v of a tile learn from each other, in some columns; e: errors of the input. */
GE_INLINE void update_input(float *row, const float *e, ge_vec (*v)[GE_TILE], int columns, int frozen)
{
    const float *u = row;
    ge_vec du[GE_BLOCK];
    GE_UNROLL
    for (int j = 0; j < columns; j++) du[j] = vec_load(row + j * GE_WIDTH);
    GE_UNROLL
    for (int k = 0; k < GE_TILE; k++) {
        const ge_vec error = vec_all(e[k]);
        GE_UNROLL
        for (int j = 0; j < columns; j++) {
            du[j] = vec_fma(error, v[j][k], du[j]);
            if (!frozen) v[j][k] = vec_fma(error, vec_load(u + j * GE_WIDTH), v[j][k]);
        }
        GE_ANEW(u, error);
    }
    GE_UNROLL
    for (int j = 0; j < columns; j++) vec_store(row + j * GE_WIDTH, du[j]);
}

/* Both sides of the update for a tile, `columns` vectors of columns from column c on; rows: of its outputs, new: where
 * they go. */
GE_INLINE void update_columns(const ge_sgns *s, const ge_window *b, float *const *rows, float *const *new, int32_t tile,
                              int64_t c, int columns, int frozen)
{
    const float *e = errors_at(s, s->g, 0, tile);
    float *const *const end = b->inputs + b->n_inputs;
    ge_vec v[GE_BLOCK][GE_TILE];
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) v[j][k] = vec_load(rows[k] + c + j * GE_WIDTH);
    for (float *const *input = b->inputs; input < end; input++, e += GE_TILE)
        update_input(*input + c, e, v, columns, frozen);
    if (frozen) return;
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = GE_TILE - 1; k >= 0; k--) /* of an output that stands twice the first place counts */
            vec_store(new[k] + c + j * GE_WIDTH, v[j][k]);
}

/* The update of a window; targets: where the changed rows of its outputs go, or NULL. */
GE_INLINE void update(const ge_sgns *s, const ge_window *b, float *const *targets, int frozen)
{
    for (int32_t tile = 0; tile < s->n_tiles; tile++) {
        float *rows[GE_TILE], *new[GE_TILE];
        int64_t c = 0;
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) rows[k] = b->rows[tile * GE_TILE + k];
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) new[k] = targets ? targets[tile * GE_TILE + k] : rows[k];
        for (; c + GE_BLOCK * GE_WIDTH <= s->columns; c += GE_BLOCK * GE_WIDTH)
            update_columns(s, b, rows, new, tile, c, GE_BLOCK, frozen);
        if (c < s->columns) update_columns(s, b, rows, new, tile, c, 1, frozen);
    }
}

/* For each place of walk[0 .. n): to `line` the row of its node as an input; where the node stood last, if one window
 * may hold both (else -1), and the largest such place so far: whether a window holds any node twice.
 * For a part, rows that it may not change have copies among its changes, in the order in which they come; those up to
 * place i are before upto[i]. */
static void scan_walk(ge_sgns *s, const int32_t *walk, int64_t n, ge_part *part)
{
    const uint32_t mask = s->table_mask;
    const int64_t columns = s->columns, furthest = 2 * (int64_t)s->window;
    const int32_t first_input = s->first_input, n_inputs = s->n_inputs;
    int32_t *table = s->table, *before = s->before, latest = -1; /* s is not read again for each place */
    float *vectors = s->vectors, **line = s->line;
    memset(table, 0xFF, ((size_t)mask + 1) * sizeof *table);
    for (int64_t i = 0; i < n; i++) {
        uint32_t h = (uint32_t)walk[i] * 0x9E3779B1u >> 7 & mask;
        const int32_t input = walk[i] - first_input;
        const int taught = input >= 0 && input < n_inputs;
        int32_t last = table[h];
        while (last >= 0 && walk[last] != walk[i]) last = table[h = (h + 1) & mask];
        table[h] = (int32_t)i;
        line[i] = taught ? vectors + input * columns : NULL;
        if (part) {
            if (last >= 0) {
                line[i] = line[last];
            } else if (taught && is_kept(s->input_holders, s->damp_inputs, walk[i])) {
                line[i] = row_of(s, part->changes, part->n_inputs);
                s->nodes[part->n_inputs++] = input;
            }
            s->upto[i] = part->n_inputs;
        }
        if (i - last > furthest) last = -1;
        before[i] = last;
        s->latest[i] = latest = last > latest ? last : latest;
    }
}

/* How often a node stands at a place and others around it, as near to each other as in a window; returns the
 * largest. */
static int32_t count_visits(ge_sgns *s, int64_t n)
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

/* Draw t of a walk decides the window of position t; the negatives are read from the noise pool from a
 * place that the walk's number decides, n_negative for each position. */
GE_INLINE uint64_t noise_start(const ge_sgns *s, uint64_t id) { return ge_mix(s->key ^ ge_mix(id)); }

/* The output that has no row is left out with its window; its place must hold one that has. */
GE_INLINE int32_t centre_of(const ge_sgns *s, const ge_walk *w, int64_t i)
{
    return w->nodes[i] < s->n_outputs ? w->nodes[i] : 0;
}

/* The row of place i of a walk as an input; `other` where it has none. */
GE_INLINE float *input_row(const ge_sgns *s, const ge_walk *w, int64_t i, float *other)
{
    return i < w->n && is_input(s, w->nodes[i]) ? row_of(s, s->vectors, w->nodes[i] - s->first_input) : other;
}

GE_INLINE void mark_equal(int32_t *GE_RESTRICT marks, const int32_t *GE_RESTRICT a, const int32_t *GE_RESTRICT b,
                          int32_t n)
{
    for (int32_t e = 0; e < n; e++) marks[e] |= a[e] == b[e];
}

/* The windows of n <= GE_PLANNED centres from place i on, but for their inputs: how far they reach, their outputs, and
 * whether one of these stands twice in a tile or is the centre. All of a kind at a time, so that many are under way. */
static void plan_windows(const ge_sgns *s, const ge_walk *w, int64_t i, int32_t n)
{
    const uint64_t n_negative = (uint64_t)s->n_negative, mask = s->noise_mask;
    const uint64_t start = noise_start(s, w->id) + (uint64_t)i * n_negative;
    const uint64_t key = s->key, id = w->id; /* s is not read again for each window */
    const int64_t columns = s->columns, window = s->window;
    const int32_t width = s->width, row = width + 2, *noise = s->noise;
    int32_t *reaches = s->reaches, *outputs = s->outputs, *doubled = s->doubled;
    float *contexts = s->contexts;
    float **rows = s->rows;
    if (s->star)
        for (int32_t e = 0; e < n; e++) reaches[e] = (int32_t)w->n;
    else
        for (int32_t e = 0; e < n; e++)
            reaches[e] = 1 + (int32_t)ge_below(ge_draw(key, id, (uint64_t)(i + e)), window);
    for (int32_t e = 0; e < n; e++) outputs[e] = centre_of(s, w, i + e);
    for (int32_t k = 0; k < width; k++) {
        int32_t *of = outputs + k * GE_PLANNED;
        float **to = rows + k;
        uint64_t place = start + (uint64_t)k - 1;
        if (k > s->n_negative) memcpy(of, outputs, (size_t)n * sizeof *of);
        if (k == 0 || k > s->n_negative)
            for (int32_t e = 0; e < n; e++, to += row) *to = contexts + of[e] * columns;
        else
            for (int32_t e = 0; e < n; e++, to += row, place += n_negative) {
                of[e] = noise[place & mask];
                *to = contexts + of[e] * columns;
            }
    }
    for (int32_t e = 0; e < n; e++) {
        rows[e * row + width] = input_row(s, w, i + e + s->window, rows[e * row]);
        rows[e * row + width + 1] = rows[e * row];
    }
    rows[n * row] = rows[n * row + 1] = rows[0];
    memset(doubled, 0, (size_t)n * sizeof *doubled);
    for (int32_t k = 1; k <= s->n_negative; k++) {
        const int32_t *of = outputs + k * GE_PLANNED, tile = k / GE_TILE * GE_TILE;
        for (int32_t l = tile; l < k; l++) mark_equal(doubled, of, outputs + l * GE_PLANNED, n);
        if (tile) mark_equal(doubled, of, outputs, n);
    }
}

/* The places that the first window of a walk's centres may have: the first, and how many. */
GE_INLINE int64_t first_window(const ge_sgns *s, const ge_walk *w, int64_t *n)
{
    const int64_t from = w->begin > s->window ? w->begin - s->window : 0, to = w->begin + s->window + 1;
    *n = (to < w->n ? to : w->n) - from;
    return from;
}

/* What to prefetch during the window of the centre at i: the rows of the next planned window that are not in this one,
 * and, by and by, those of the first window of the next walk: an input a window, its outputs at last. */
GE_INLINE void look_ahead(const ge_sgns *s, ge_window *b, const ge_walk *w, int64_t i, const ge_walk *next)
{
    const int64_t left = w->end - 1 - i;
    int64_t n_inputs = 0, from = next ? first_window(s, next, &n_inputs) : 0;
    float **ahead;
    if (left) {
        b->ahead = b->rows + s->width + 2;
        b->n_ahead = s->width + 1;
        if (left > n_inputs) return;
        ahead = s->rows + (b->ahead - s->rows) + b->n_ahead++;
        *ahead = input_row(s, next, from + n_inputs - left, *ahead);
        return;
    }
    b->ahead = b->rows;
    b->n_ahead = 0;
    if (!next) return;
    const uint64_t start = noise_start(s, next->id) + (uint64_t)next->begin * (uint64_t)s->n_negative;
    const int64_t fetched = w->end - 1 - w->begin; /* inputs, the last ones */
    ahead = s->ahead;
    *ahead++ = row_of(s, s->contexts, centre_of(s, next, next->begin));
    for (int32_t k = 0; k < s->n_negative; k++)
        *ahead++ = row_of(s, s->contexts, s->noise[(start + (uint64_t)k) & s->noise_mask]);
    for (int64_t j = 0; j < n_inputs - fetched; j++) *ahead++ = input_row(s, next, from + j, s->ahead[0]);
    ahead[0] = ahead[1] = s->ahead[0];
    b->ahead = s->ahead;
    b->n_ahead = (int32_t)(ahead - s->ahead);
}

/* The nodes at places begin .. end of the walk but i; one that stands there twice is one input.
 * s->line has the rows of all places but i, NULL where a node has none. */
GE_INLINE void collect_inputs(const ge_sgns *s, ge_window *b, int64_t i, int64_t begin, int64_t end)
{
    int32_t n = 0, places = 0, *place = s->place, *times = s->times;
    float **line = s->line, **collected = s->collected; /* s is not read again for each place */
    b->weighted = 0;
    if (s->latest[end] < begin && s->first_input == 0 && s->n_inputs >= s->n_outputs) {
        b->inputs = s->line + (begin > i ? begin - 1 : begin);
        b->n_inputs = b->n_places = (int32_t)(end - begin + !(begin <= i && i <= end));
        return;
    }
    b->inputs = s->collected;
    for (int64_t j = begin; j <= end; j++) {
        float *row = line[j > i ? j - 1 : j];
        const int32_t before = s->before[j] == i ? s->before[i] : s->before[j];
        if (j == i || !row) continue;
        const int32_t m = before >= begin ? place[before - begin] : n;
        place[j - begin] = m;
        collected[m] = row;
        times[m] = m == n ? 1 : times[m] + 1;
        n += m == n;
        places++;
    }
    if (n % 2) collected[n] = collected[0];
    b->n_inputs = n;
    b->n_places = places;
    b->weighted = places > n;
}

GE_INLINE void copy_row(const ge_sgns *s, const ge_part *part, int32_t input)
{
    memcpy(row_of(s, part->changes, input), row_of(s, s->vectors, s->nodes[input]), (size_t)s->columns * sizeof(float));
}

/* Note for the owner of a row, see row_at, that it changes by a row of changes. */
GE_INLINE void note_change(const ge_part *part, int32_t row, int32_t change)
{
    const uint64_t hash = ((uint32_t)(row < 0 ? ~row : row) * 0x9E3779B1u) >> 8;
    int32_t *list = part->lists + (int64_t)(hash * (uint64_t)part->n_owners >> 24) * part->list_size;
    int32_t *entry = list + 1 + 2 * (int64_t)list[0]++;
    entry[0] = row;
    entry[1] = change;
}

/* A row of changes holds what a row has become; it shall hold the difference, and the row's owner shall know. */
GE_INLINE void end_change(const ge_sgns *s, const ge_part *part, int32_t change)
{
    const float *row = row_at(s, s->nodes[change]);
    float *to = row_of(s, part->changes, change);
    for (int64_t c = 0; c < s->columns; c += GE_WIDTH) vec_store(to + c, vec_sub(vec_load(to + c), vec_load(row + c)));
    note_change(part, s->nodes[change], change);
}

/* Where the outputs of a window go: to their rows, or those which the part may not change to its changes. Those past
 * the last, which do not change, go to a row that is not yet in use. Returns whether the centre is kept. */
GE_INLINE int keep_outputs(const ge_sgns *s, const ge_window *b, ge_part *part)
{
    int32_t next = part->first_output + part->n_outputs;
    for (int32_t k = 0; k <= s->n_negative; k++) {
        const int kept = is_kept(s->output_holders, s->damp_outputs, output_at(b, k));
        s->targets[k] = kept ? row_of(s, part->changes, next) : b->rows[k];
        s->nodes[next] = ~output_at(b, k);
        next += kept;
    }
    const int centre_kept = s->targets[0] != b->rows[0];
    for (int32_t k = s->n_negative + 1; k < s->width; k++)
        s->targets[k] = centre_kept ? row_of(s, part->changes, next) : b->rows[0];
    part->n_outputs = next - part->first_output;
    return centre_kept;
}

/* The centres of a walk; in place where there is no part. */
GE_INLINE void train_centres(ge_sgns *s, const ge_walk *w, const ge_walk *next, ge_part *part)
{
    const int64_t first = part && w->begin > s->window ? w->begin - s->window : 0; /* all that its windows may hold */
    const int64_t past = part && w->end + s->window < w->n ? w->end + s->window : w->n;
    /* In place stable while rate x places is small: with a large rate a window is cut into pieces. */
    const int64_t whole = s->star ? w->n : 2 * (int64_t)s->window + 1;
    const int64_t size = part || w->rate * (float)whole <= GE_STEP ? whole
                       : w->rate >= GE_STEP ? 1 : (int64_t)(GE_STEP / w->rate);
    const float most_visits = GE_BURST / (w->rate * (s->star ? 1.0f : (float)(s->window + 1)));
    const int32_t *walk = w->nodes + first;
    const int32_t known = part ? part->n_inputs : 0, outputs_known = part ? part->n_outputs : 0;
    int32_t copied = known;
    scan_walk(s, walk, past - first, part);
    fill_rates(s, w->rate);
    const int returns = part && (float)count_visits(s, past - first) > most_visits;
    float *row = NULL, **line = s->line + (w->begin - first); /* row: of the centre as an input, which is not in line */
    int32_t e = 0; /* of the windows planned together */
    for (int64_t i = w->begin; i < w->end; i++, line++, e = e < GE_PLANNED - 2 ? e + 1 : 0) {
        if (e == 0) plan_windows(s, w, i, w->end - i < GE_PLANNED ? (int32_t)(w->end - i) : GE_PLANNED);
        if (i == w->begin) {
            row = line[0];
            memmove(line, line + 1, (size_t)(past - 1 - i) * sizeof *line);
        } else {
            float *centre = line[-1];
            line[-1] = row;
            row = centre;
        }
        if (part) {
            const int64_t last = i + s->window < past ? i + s->window : past - 1;
            while (copied < s->upto[last - first]) copy_row(s, part, copied++);
        }
        if (w->nodes[i] >= s->n_outputs) continue;
        ge_window b = {.outputs = s->outputs + e, .rows = s->rows + e * (s->width + 2), .share = 1.0f,
                       .sampled = ((uint64_t)i + w->id) % GE_SAMPLED == 0, .doubled = s->doubled[e]};
        look_ahead(s, &b, w, i, next);
        const int64_t from = i > s->reaches[e] ? i - s->reaches[e] : 0;
        const int64_t to = i + s->reaches[e] < w->n - 1 ? i + s->reaches[e] : w->n - 1;
        for (int64_t begin = from, end; begin <= to; begin = end + 1) {
            end = begin + size - 1 < to ? begin + size - 1 : to;
            collect_inputs(s, &b, i - first, begin - first, end - first);
            s->pairs += b.n_places;
            if (b.n_inputs == 0) continue;
            if (part && keep_outputs(s, &b, part) && returns && most_visits < (float)s->visits[i - first])
                b.share = most_visits / (float)s->visits[i - first];
            dot_window(s, &b);
            take_errors(s, &b);
            finish(s, &b);
            if (s->frozen) update(s, &b, NULL, 1);
            else update(s, &b, part ? s->targets : NULL, 0);
        }
    }
    if (!part) return;
    for (int32_t change = outputs_known; change < part->n_outputs; change++)
        end_change(s, part, part->first_output + change);
    for (int32_t change = known; change < part->n_inputs; change++) end_change(s, part, change);
}

static void GE_VARIANT(ge_fetch)(const ge_sgns *s, const ge_walk *w)
{
    const uint64_t n_negative = (uint64_t)s->n_negative, n = (uint64_t)(w->end - w->begin) * n_negative;
    const uint64_t start = noise_start(s, w->id) + (uint64_t)w->begin * n_negative;
    for (uint64_t k = 0; k < n; k += GE_LANES) ge_prefetch(s->noise + ((start + k) & s->noise_mask));
}

static void GE_VARIANT(ge_hold)(ge_sgns *s, const ge_walk *w, uint8_t bit)
{
    const int64_t first = w->begin > s->window ? w->begin - s->window : 0;
    const int64_t past = w->end + s->window < w->n ? w->end + s->window : w->n;
    const uint64_t n_negative = (uint64_t)s->n_negative, mask = s->noise_mask;
    const uint64_t start = noise_start(s, w->id) + (uint64_t)w->begin * n_negative;
    const uint64_t n = (uint64_t)(w->end - w->begin) * n_negative;
    const int32_t *noise = s->noise;
    uint8_t *of_inputs = s->input_holders, *of_outputs = s->output_holders; /* may be one; s is not read again */
    for (int64_t i = first; i < past; i++) *holder_of(of_inputs, w->nodes[i]) |= bit;
    for (int64_t i = w->begin; i < w->end; i++) *holder_of(of_outputs, w->nodes[i]) |= bit;
    for (uint64_t k = 0; k < n; k++) *holder_of(of_outputs, noise[(start + k) & mask]) |= bit;
}

static void GE_VARIANT(ge_train)(ge_sgns *s, const ge_walk *walk, const ge_walk *next)
{
    train_centres(s, walk, next, NULL);
}

static void GE_VARIANT(ge_train_apart)(ge_sgns *s, const ge_walk *walk, const ge_walk *next, ge_part *part)
{
    train_centres(s, walk, next, part);
}

static void GE_VARIANT(ge_add)(const ge_sgns *s, const ge_part *part, int32_t owner)
{
    const int32_t *list = part->lists + owner * part->list_size, n = list[0], *entries = list + 1;
    for (int32_t e = 0; e < n; e++) {
        const int32_t ahead = e + GE_AHEAD < n ? e + GE_AHEAD : n - 1;
        const int32_t node = entries[2 * e], later = entries[2 * ahead];
        const float *damping = node < 0 ? s->damp_outputs : s->damp_inputs;
        const float *change = part->changes + entries[2 * e + 1] * s->columns;
        const float *later_change = part->changes + entries[2 * ahead + 1] * s->columns;
        const float *later_row = row_at(s, later);
        float *row = row_at(s, node);
        const ge_vec scale = vec_all(damping ? damping[node < 0 ? ~node : node] : 1.0f);
        for (int64_t c = 0; c < s->columns; c += GE_LANES) {
            ge_prefetch(later_change + c);
            ge_prefetch(later_row + c);
            GE_UNROLL
            for (int j = 0; j < GE_LANES; j += GE_WIDTH)
                vec_store(row + c + j, vec_fma(scale, vec_load(change + c + j), vec_load(row + c + j)));
        }
    }
}

const ge_kernel GE_VARIANT(ge_kernel) = {
    GE_VARIANT(ge_train), GE_VARIANT(ge_fetch), GE_VARIANT(ge_hold), GE_VARIANT(ge_train_apart), GE_VARIANT(ge_add)};
