#include "tf_tiles.h"
#include "tf_copy.h"
#include "tf_tile_channels.h"

#if TF_DSP

/* Channels before it have rows of which whole groups can be read. */
static int32_t readable(const tf_tiles *t, int32_t block) {
    const int32_t k = t->k[block];
    return k == 0 ? t->out_c : t->out_c - (4 * t->groups[block] + k - 1) / k + 1;
}

/* Weights of channel c, of which whole groups can be read. */
static const int8_t *row_of(const tf_tiles *t, int32_t block, int32_t c) {
    const int32_t k = t->k[block];
    const int8_t *w = t->w[block] + c * k;
    return c < readable(t, block) ? w : tf_copy(w, k, t->row[block]) - k;
}

/* From so many tiles on it pays to take a row of weights apart before it is used. */
#define TF_UNPACK_FROM 4

/* One block of weights that many tiles share? */
static int unpacks(const tf_tiles *t, int32_t tiles) { return t->groups[1] == 0 && tiles >= TF_UNPACK_FROM; }

/* Work on `tiles` tiles from `tile` on, outputs `step` apart. */
static void start(const tf_tiles *t, tf_tile_channels *ch, const int16_t *tile, int32_t tiles, int32_t step) {
    const uint32_t code = unpacks(t, tiles) ? TF_TILE_UNPACKED_CODE : TF_TILE_GROUP_CODE;
    tf_outputs_init(&ch->outputs, step, tile + tiles * tf_tiles_stride(t));
    tf_tile_row_init(&ch->rows[0], t->groups[0], code);
    tf_tile_row_init(&ch->rows[1], t->groups[1], code);
    ch->tiles = tile;
    ch->one = 2 * t->rq->zero_point + 1;
}

/* Channels from c on, before `end`; y: of channel c. Returns the first one not done: c where its shift does not fit. */
static int32_t multiply(const tf_tiles *t, tf_tile_channels *ch, int32_t c, int32_t end, int32_t tiles, int8_t *y) {
    const int32_t readable0 = readable(t, 0), readable1 = readable(t, 1);
    const int32_t both = readable0 < readable1 ? readable0 : readable1;
    const int32_t stop = c >= both ? c + 1 : end < both ? end : both;
    ch->m = t->rq->m + c;
    ch->s = t->rq->s + c;
    ch->biases = t->bias + c;
    ch->y = y;
    ch->left = stop - c;
    if (unpacks(t, tiles)) {
        ch->rows[0].w = t->unpacked;
        ch->rows[1].w = row_of(t, 0, c) - t->k[0];
        ch->k[1] = t->k[0];
        tf_tile_channels_run_unpacked(ch);
    } else {
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            ch->rows[b].w = row_of(t, b, c) - t->k[b];
            ch->k[b] = t->k[b];
        }
        tf_tile_channels_run(ch);
    }
    return stop - ch->left;
}

/* Channel c of `pixels` pixels, whatever its shift. */
static void multiply_slowly(const tf_tiles *t, int32_t c, int32_t pixels, const int16_t *tile, int8_t *y) {
    const int32_t bias = t->bias[c];
    for (int32_t done = 0; done < pixels; done += TF_TILE) {
        int32_t acc[TF_TILE] = {bias, bias, bias, bias};
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            tf_tile_dot(t->groups[b], row_of(t, b, c), tile, acc);
            tile += 16 * t->groups[b];
        }
        for (int32_t p = 0; p < TF_TILE && done + p < pixels; p++, y += t->out_c) {
            *y = tf_requantise(acc[p], t->rq->m[c], t->rq->s[c], t->rq);
        }
    }
}

static void multiply_whole(const tf_tiles *t, tf_tile_channels *ch, tf_span channels, int32_t tiles, int8_t *y) {
    start(t, ch, t->tiles, tiles, t->out_c);
    for (int32_t c = channels.first; c < channels.end;) {
        const int32_t next = multiply(t, ch, c, channels.end, tiles, y + c);
        if (next == c) {
            multiply_slowly(t, c, TF_TILE * tiles, ch->tiles, y + c);
        }
        c = next == c ? c + 1 : next;
    }
}

/* A tile of which the first n outputs count. */
static void multiply_part(const tf_tiles *t, tf_tile_channels *ch, tf_span channels, int32_t n, const int16_t *tile,
                          int8_t *y) {
    int8_t outputs[TF_TILE];
    start(t, ch, tile, 1, 1);
    for (int32_t c = channels.first; c < channels.end; c++) {
        if (multiply(t, ch, c, c + 1, 1, outputs) == c) {
            multiply_slowly(t, c, n, tile, y + c);
        } else {
            for (int32_t p = 0; p < n; p++) {
                y[p * t->out_c + c] = outputs[p];
            }
        }
    }
}

void tf_tiles_multiply(const tf_tiles *t, tf_span channels, int32_t pixels, int8_t *y) {
    const int32_t whole = pixels / TF_TILE, rest = pixels % TF_TILE;
    tf_tile_channels ch;
    if (whole > 0) {
        multiply_whole(t, &ch, channels, whole, y);
    }
    if (rest > 0) {
        multiply_part(t, &ch, channels, rest, t->tiles + whole * tf_tiles_stride(t), y + TF_TILE * whole * t->out_c);
    }
    if (!tf_clamps_only_int8(t->rq)) {
        for (int32_t p = 0; p < pixels; p++) {
            tf_clamp_outputs(t->rq, channels.end - channels.first, 1, y + p * t->out_c + channels.first);
        }
    }
}

#endif
