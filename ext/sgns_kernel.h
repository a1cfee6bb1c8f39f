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

/* The arrays of one slot. */
typedef struct {
    ge_window *head;
    int32_t *outputs;                /* width */
    float **inputs;                  /* 2 * (reach + GE_LANES), 2 * reach of them count: their rows, or a part's copies */
    int32_t *times;                  /* 2 * reach; how often an input stands in the window; where weighted */
    int32_t *kept;                   /* width; in a part: the row of its changes where that of an output goes, or 0 */
    int32_t *ahead;                  /* rows that this window needs and those before did not, see row_at: to prefetch */
} ge_slot;

GE_INLINE ge_slot slot_at(const ge_sgns *s, int64_t slot)
{
    int32_t *head = s->slots + slot * s->slot_size, *outputs = head + sizeof(ge_window) / sizeof(int32_t);
    float **inputs = (float **)(outputs + s->width);
    int32_t *times = (int32_t *)(inputs + 2 * (s->reach + GE_LANES)), *kept = times + 2 * s->reach;
    return (ge_slot){(ge_window *)head, outputs, inputs, times, kept, kept + s->width};
}

GE_INLINE int64_t pairs_of(const ge_slot *b) { return (b->head->n_inputs + 1) / 2; }

/* Errors lie by tile of outputs, then by pair of inputs: GE_TILE of the first, GE_TILE of the second, in GE_LANES. */
GE_INLINE float *error_at(const ge_slot *b, float *g, int32_t m, int32_t k)
{
    return g + (k / GE_TILE * pairs_of(b) + m / 2) * GE_LANES + m % 2 * GE_TILE + k % GE_TILE;
}

GE_INLINE float *row_of(const ge_sgns *s, float *matrix, int32_t i) { return matrix + i * s->columns; }

/* A row of `vectors`, or with ~ row that of `contexts`. */
GE_INLINE float *row_at(const ge_sgns *s, int32_t row)
{
    return row < 0 ? row_of(s, s->contexts, ~row) : row_of(s, s->vectors, row);
}

/* Where the rows of a tile of outputs begin. */
GE_INLINE void find_rows(const ge_sgns *s, const int32_t *outputs, float **rows)
{
    GE_UNROLL
    for (int k = 0; k < GE_TILE; k++) rows[k] = row_of(s, s->contexts, outputs[k]);
}

/* Scalar products of two inputs with a tile of outputs, whose rows are v. On the way two rows are prefetched, as much
 * at a time as the machine has in flight. */
GE_INLINE ge_pair dot_pair(const float *u0, const float *u1, float *const *v, const float *ahead0,
                           const float *ahead1, int64_t columns)
{
    ge_vec a[2 * GE_TILE];
    GE_UNROLL
    for (int k = 0; k < 2 * GE_TILE; k++) a[k] = vec_all(0.0f);
    for (int64_t c = 0; c < columns; c += GE_LANES) {
        ge_prefetch(ahead0 + c);
        ge_prefetch(ahead1 + c);
        GE_UNROLL
        for (int64_t j = c; j < c + GE_LANES; j += GE_WIDTH) {
            ge_vec x0 = vec_load(u0 + j), x1 = vec_load(u1 + j);
            GE_UNROLL
            for (int k = 0; k < GE_TILE; k++) {
                ge_vec y = vec_load(v[k] + j);
                GE_KEEP(y);
                a[k] = vec_fma(x0, y, a[k]);
                a[GE_TILE + k] = vec_fma(x1, y, a[GE_TILE + k]);
            }
        }
    }
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
    return (held & (held - 1)) != 0 || (damping && damping[node] < 1.0f);
}

GE_INLINE int is_input(const ge_sgns *s, int32_t node)
{
    return node >= s->first_input && node - s->first_input < s->n_inputs;
}

/* Scalar products of a window. */
GE_INLINE void dot_window(const ge_sgns *s, const ge_slot *b, const ge_slot *next)
{
    const int32_t n = b->head->n_inputs, n_ahead = next->head->n_ahead;
    float *products = s->g;
    int32_t at = 0;
    for (int32_t tile = 0; tile < s->width; tile += GE_TILE) {
        float *rows[GE_TILE];
        find_rows(s, b->outputs + tile, rows);
        for (int32_t m = 0; m < n; m += 2, products += GE_LANES) {
            /* An odd last input is taken twice. */
            const ge_pair sums = dot_pair(b->inputs[m], b->inputs[m + 1 < n ? m + 1 : m], rows,
                                          row_at(s, next->ahead[at]), row_at(s, next->ahead[at + 1]), s->columns);
            GE_UNROLL
            for (int p = 0; p < GE_OF_PAIR; p++) vec_store(products + p * GE_WIDTH, sums.x[p]);
            at = at + 2 < n_ahead ? at + 2 : n_ahead;
        }
    }
    for (; at < n_ahead; at++) {
        const float *row = row_at(s, next->ahead[at]);
        for (int64_t c = 0; c < s->columns; c += GE_LANES) ge_prefetch(row + c);
    }
}

/* Errors of a window, in place of its products. */
GE_INLINE void take_errors(const ge_sgns *s, const ge_slot *b)
{
    static const float centre[GE_LANES] = {1, 0, 0, 0, 0, 0, 1};
    static const float places[GE_LANES] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
    const ge_vec one = vec_all(1.0f), zero = vec_all(0.0f);
    float *g = s->g, *sigmas = s->sigmas;
    for (int32_t tile = 0; tile < s->width; tile += GE_TILE) {
        ge_pair rates, labels;
        GE_UNROLL
        for (int p = 0; p < GE_OF_PAIR; p++) {
            /* Outputs past the last have no error. */
            const ge_vec left = vec_sub(vec_all((float)(s->n_negative + 1 - tile)), vec_load(places + p * GE_WIDTH));
            rates.x[p] = vec_mul(vec_all(b->head->rate), vec_max(zero, vec_min(one, left)));
            labels.x[p] = tile ? zero : vec_mul(rates.x[p], vec_load(centre + p * GE_WIDTH));
        }
        for (int64_t pair = 0; pair < pairs_of(b); pair++, g += GE_LANES, sigmas += GE_LANES) {
            GE_UNROLL
            for (int p = 0; p < GE_OF_PAIR; p++) {
                const ge_vec sigma = vec_sigmoid(vec_load(g + p * GE_WIDTH));
                if (b->head->sampled) vec_store(sigmas + p * GE_WIDTH, sigma);
                vec_store(g + p * GE_WIDTH, vec_sub(labels.x[p], vec_mul(rates.x[p], sigma)));
            }
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
            const double sigma = *error_at(b, s->sigmas, m, k), right = k ? 1.0 - sigma : sigma;
            if (k && b->outputs[k] == b->outputs[0]) continue;
            product *= right > 1e-12 ? right : 1e-12;
            if (product < 1e-200) {
                loss -= log(product) * times;
                product = 1.0;
            }
        }
        if (b->head->weighted) {
            loss -= log(product) * times;
            product = 1.0;
        }
    }
    return loss - log(product);
}

/* A node that stands twice in the window teaches twice. */
GE_INLINE void weigh(const ge_sgns *s, const ge_slot *b)
{
    for (int32_t m = 0; m < b->head->n_inputs; m++)
        for (int32_t k = 0; b->times[m] > 1 && k < s->width; k++) *error_at(b, s->g, m, k) *= (float)b->times[m];
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
    if (b->head->share < 1.0f)
        for (int32_t m = 0; m < b->head->n_inputs; m++) *error_at(b, s->g, m, 0) *= b->head->share;
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
GE_INLINE void update_columns(const ge_sgns *s, const ge_slot *b, float *const *rows, float *const *new, int32_t tile,
                              int64_t c, int columns, int frozen)
{
    const float *e = error_at(b, s->g, 0, tile);
    const int32_t n = b->head->n_inputs;
    int32_t m = 0;
    ge_vec v[GE_BLOCK][GE_TILE];
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++) v[j][k] = vec_load(rows[k] + c + j * GE_WIDTH);
    for (; m + 1 < n; m += 2, e += GE_LANES) {
        update_input(b->inputs[m] + c, e, v, columns, frozen);
        update_input(b->inputs[m + 1] + c, e + GE_TILE, v, columns, frozen);
    }
    if (m < n) update_input(b->inputs[m] + c, e, v, columns, frozen);
    if (frozen) return;
    GE_UNROLL
    for (int j = 0; j < columns; j++)
        GE_UNROLL
        for (int k = GE_TILE - 1; k >= 0; k--) /* of an output that stands twice the first place counts */
            vec_store(new[k] + c + j * GE_WIDTH, v[j][k]);
}

/* The update of a window. For a part, outputs that it may not change go to its changes. */
GE_INLINE void update(const ge_sgns *s, const ge_slot *b, const ge_part *part, int frozen)
{
    for (int32_t tile = 0; tile < s->width; tile += GE_TILE) {
        float *rows[GE_TILE], *new[GE_TILE];
        int64_t c = 0;
        find_rows(s, b->outputs + tile, rows);
        GE_UNROLL
        for (int k = 0; k < GE_TILE; k++)
            new[k] = part && b->kept[tile + k] ? row_of(s, part->changes, b->kept[tile + k]) : rows[k];
        for (; c + GE_BLOCK * GE_WIDTH <= s->columns; c += GE_BLOCK * GE_WIDTH)
            update_columns(s, b, rows, new, tile, c, GE_BLOCK, frozen);
        if (c < s->columns) update_columns(s, b, rows, new, tile, c, 1, frozen);
    }
}

/* For each place of walk[0 .. n): to `line` the row of its node as an input; where the node stood last, if one window
 * may hold both (else -1), and the largest such place so far: whether a window holds any node twice.
 * For a part, rows that it may not change have copies among its changes, in the order in which they come; those up to
 * place i are before upto[i]. */
GE_INLINE void scan_walk(ge_sgns *s, const int32_t *walk, int64_t n, ge_part *part)
{
    int32_t latest = -1;
    for (uint32_t h = 0; h <= s->table_mask; h++) s->table[h] = -1;
    for (int64_t i = 0; i < n; i++) {
        uint32_t h = (uint32_t)walk[i] * 0x9E3779B1u >> 7;
        const int32_t input = is_input(s, walk[i]) ? walk[i] - s->first_input : -1;
        int32_t last = s->table[h &= s->table_mask];
        while (last >= 0 && walk[last] != walk[i]) last = s->table[h = (h + 1) & s->table_mask];
        s->table[h] = (int32_t)i;
        s->line[i] = input >= 0 ? row_of(s, s->vectors, input) : NULL;
        if (part) {
            if (last >= 0) {
                s->line[i] = s->line[last];
            } else if (input >= 0 && is_kept(s->input_holders, s->damp_inputs, walk[i])) {
                s->line[i] = row_of(s, part->changes, part->n_inputs);
                s->nodes[part->n_inputs++] = input;
            }
            s->upto[i] = part->n_inputs;
        }
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

/* The rows of one side of a window, and some more: no branch depends on their number. */
GE_INLINE void copy_line(const ge_sgns *s, float *const *from, float **to)
{
    for (int32_t k = 0; k < s->reach; k += GE_LANES) memcpy(to + k, from + k, GE_LANES * sizeof *to);
}

/* The nodes at places begin .. end of the walk but i; one that stands there twice is one input. */
GE_INLINE void collect_inputs(const ge_sgns *s, const ge_slot *b, const int32_t *walk, int64_t i,
                              int64_t begin, int64_t end)
{
    int32_t n = 0, places = 0;
    b->head->weighted = 0;
    if (s->latest[end] < begin && s->first_input == 0 && s->n_inputs >= s->n_outputs) {
        const int64_t left = (end < i ? end + 1 : i) - begin, from = begin > i ? begin : i + 1;
        n = left > 0 ? (int32_t)left : 0;
        copy_line(s, s->line + begin, b->inputs);
        copy_line(s, s->line + from, b->inputs + n);
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
            s->place[j - begin] = n;
            b->inputs[n++] = s->line[j];
        }
    }
    b->head->n_inputs = n;
    b->head->n_places = places;
    b->head->weighted = places > n;
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

GE_INLINE void fill_outputs(const ge_sgns *s, const ge_slot *b, int32_t centre, uint64_t next)
{
    b->outputs[0] = centre;
    for (int32_t k = 1; k <= s->n_negative; k++) b->outputs[k] = s->noise[next++ & s->noise_mask];
    for (int32_t k = s->n_negative + 1; k < s->width; k++) b->outputs[k] = centre;
}

/* Begin the window of the centre at i: everything but its inputs. */
GE_INLINE void begin_window(const ge_sgns *s, const ge_slot *b, const ge_walk *w, int64_t i, uint64_t pool)
{
    const int32_t centre = w->nodes[i];
    fill_outputs(s, b, centre < s->n_outputs ? centre : 0, pool + (uint64_t)i * (uint64_t)s->n_negative);
    b->head->rate = w->rate;
    b->head->share = 1.0f;
    b->head->sampled = ((uint64_t)i + w->id) % GE_SAMPLED == 0;
    b->head->doubled = any_double(s, b->outputs);
    b->head->n_inputs = 0; /* not yet known */
}

/* What comes after the window of the centre at i: the next one, or the first of the next walk, or nothing new. */
GE_INLINE void begin_next(const ge_sgns *s, const ge_slot *b, const ge_walk *w, int64_t i, uint64_t pool,
                          const ge_walk *next)
{
    int64_t from = i + 1 + s->window, to = from + 1;
    if (i + 1 < w->end) {
        begin_window(s, b, w, i + 1, pool);
        next = w;
    } else if (next) {
        begin_window(s, b, next, next->begin, noise_start(s, next->id));
        from = next->begin > s->window ? next->begin - s->window : 0;
        to = next->begin + s->window + 1;
    } else {
        begin_window(s, b, w, i, pool);
        next = w;
        to = from;
    }
    int32_t n = 0;
    while (n <= s->n_negative) {
        b->ahead[n] = ~b->outputs[n];
        n++;
    }
    for (; from < to && from < next->n; from++)
        if (is_input(s, next->nodes[from])) b->ahead[n++] = next->nodes[from] - s->first_input;
    b->ahead[n] = b->ahead[n + 1] = b->ahead[0]; /* rows are taken two at a time, of which these are the last */
    b->head->n_ahead = n;
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

/* A row of changes holds what a row has become; it shall hold the difference. */
GE_INLINE void take_difference(const ge_sgns *s, const ge_part *part, int32_t change, const float *row)
{
    float *to = row_of(s, part->changes, change);
    for (int64_t c = 0; c < s->columns; c += GE_WIDTH) vec_store(to + c, vec_sub(vec_load(to + c), vec_load(row + c)));
}

/* Decide for each output of a window whether the part may change its row. Those past the last, which do not change, go
 * to a row that is not yet in use. */
GE_INLINE void keep_outputs(const ge_sgns *s, const ge_slot *b, ge_part *part)
{
    for (int32_t k = 0; k <= s->n_negative; k++) {
        b->kept[k] = 0;
        if (!is_kept(s->output_holders, s->damp_outputs, b->outputs[k])) continue;
        b->kept[k] = part->first_output + part->n_outputs++;
        note_change(part, ~b->outputs[k], b->kept[k]);
    }
    for (int32_t k = s->n_negative + 1; k < s->width; k++)
        b->kept[k] = b->kept[0] ? part->first_output + part->n_outputs : 0;
}

/* After the update of a window. */
GE_INLINE void end_outputs(const ge_sgns *s, const ge_slot *b, const ge_part *part)
{
    for (int32_t k = 0; k <= s->n_negative; k++)
        if (b->kept[k]) take_difference(s, part, b->kept[k], row_of(s, s->contexts, b->outputs[k]));
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
    const uint64_t pool = noise_start(s, w->id);
    const ge_slot slots[2] = {slot_at(s, 0), slot_at(s, 1)};
    const int32_t *walk = w->nodes + first;
    const int32_t known = part ? part->n_inputs : 0;
    int32_t copied = known;
    scan_walk(s, walk, past - first, part);
    const int returns = part && (float)count_visits(s, past - first) > most_visits;
    begin_window(s, &slots[0], w, w->begin, pool);
    for (int64_t i = w->begin; i < w->end; i++) {
        const ge_slot b = slots[(i - w->begin) % 2], coming = slots[(i - w->begin + 1) % 2];
        int64_t from, to;
        begin_next(s, &coming, w, i, pool, next);
        window_of(s, w->id, i, w->n, &from, &to);
        if (part) {
            const int64_t last = i + s->window < past ? i + s->window : past - 1;
            while (copied < s->upto[last - first]) copy_row(s, part, copied++);
        }
        if (w->nodes[i] >= s->n_outputs) continue;
        for (int64_t begin = from, end; begin <= to; begin = end + 1) {
            end = begin + size - 1 < to ? begin + size - 1 : to;
            collect_inputs(s, &b, walk, i - first, begin - first, end - first);
            s->pairs += b.head->n_places;
            if (b.head->n_inputs == 0) continue;
            if (part) keep_outputs(s, &b, part);
            if (returns && b.kept[0] && most_visits < (float)s->visits[i - first])
                b.head->share = most_visits / (float)s->visits[i - first];
            dot_window(s, &b, &coming);
            take_errors(s, &b);
            finish(s, &b);
            if (s->frozen) update(s, &b, NULL, 1);
            else update(s, &b, part, 0);
            if (part) end_outputs(s, &b, part);
        }
    }
    for (int32_t input = known; part && input < part->n_inputs; input++) {
        take_difference(s, part, input, row_of(s, s->vectors, s->nodes[input]));
        note_change(part, s->nodes[input], input);
    }
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
    for (uint64_t k = 0; k < n; k += GE_LANES) ge_prefetch(noise + ((start + k) & mask));
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
    GE_VARIANT(ge_train), GE_VARIANT(ge_hold), GE_VARIANT(ge_train_apart), GE_VARIANT(ge_add)};
