#include "tf_tiles.h"
#include "tf_copy.h"
#include "tf_scale.h"

#if TF_DSP

/* Weights of channel c, of which whole groups can be read. */
static const int8_t *row_of(const tf_tiles *t, int32_t block, int32_t c, int32_t out_c) {
    const int32_t k = t->k[block];
    const int8_t *w = t->w[block] + c * k;
    if ((out_c - c) * k >= 4 * t->groups[block]) {
        return w;
    }
    tf_copy(w, k, t->row[block]);
    return t->row[block];
}

static inline void multiply(const tf_tiles *t, const int8_t *const w[TF_BLOCKS], const int16_t *tile, int32_t bias,
                            int32_t acc[TF_TILE]) {
    for (int32_t p = 0; p < TF_TILE; p++) {
        acc[p] = bias;
    }
    if (t->groups[0] > 0) {
        tf_tile_dot(t->groups[0], w[0], tile, acc);
    }
    if (t->groups[1] > 0) {
        tf_tile_dot(t->groups[1], w[1], tile + 16 * t->groups[0], acc);
    }
}

/* Whole tiles of one output channel, in the usual case: one block, no clamp but int8's, a shift that tf_scaled takes.
 */
static int8_t *plain_channel(int32_t groups, const int8_t *w, const tf_scale *scale, int32_t bias, int32_t out_c,
                             int32_t tiles, const int16_t *tile, int8_t *y) {
    const int16_t *const end = tile + 16 * groups * tiles;
    for (; tile != end; tile += 16 * groups) {
        int32_t acc[TF_TILE] = {bias, bias, bias, bias};
        tf_tile_dot(groups, w, tile, acc);
        y[0] = (int8_t)tf_scaled(acc[0], scale);
        y[out_c] = (int8_t)tf_scaled(acc[1], scale);
        y[2 * out_c] = (int8_t)tf_scaled(acc[2], scale);
        y[3 * out_c] = (int8_t)tf_scaled(acc[3], scale);
        y += 4 * out_c;
    }
    return y;
}

void tf_tiles_multiply(const tf_tiles *t, const tf_requant *rq, const int32_t *bias, int32_t out_c, tf_span channels,
                       int32_t pixels, int8_t *y) {
    const int32_t whole = pixels / TF_TILE;
    const int32_t block = t->groups[0] > 0 ? 0 : 1;
    const int plain = (t->groups[0] == 0 || t->groups[1] == 0) && tf_clamps_only_int8(rq);
    for (int32_t c = channels.first; c < channels.end; c++) {
        const int8_t *w[TF_BLOCKS];
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            w[b] = row_of(t, b, c, out_c);
        }
        int8_t *pixel = y + c;
        int32_t done = 0;
        if (plain && tf_scale_fits(rq->s[c])) {
            const tf_scale scale = tf_scale_of(rq, c);
            pixel = plain_channel(t->groups[block], w[block], &scale, bias[c], out_c, whole, t->tiles, pixel);
            done = whole * TF_TILE;
        }
        for (; done < pixels; done += TF_TILE) {
            int32_t acc[TF_TILE];
            multiply(t, w, t->tiles + done / TF_TILE * tf_tiles_stride(t), bias[c], acc);
            const int32_t n = pixels - done < TF_TILE ? pixels - done : TF_TILE;
            for (int32_t p = 0; p < n; p++, pixel += out_c) {
                *pixel = tf_rescaled(acc[p], rq, c);
            }
        }
    }
}

#endif
