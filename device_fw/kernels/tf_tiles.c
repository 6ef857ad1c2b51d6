#include "tf_tiles.h"
#include "tf_copy.h"
#include "tf_scale.h"
#include "tf_tile_channel.h"

#if TF_DSP

/* Weights of channel c, of which whole groups can be read. */
static inline const int8_t *row_of(const tf_tiles *t, int32_t block, int32_t c, int32_t out_c) {
    const int32_t k = t->k[block];
    const int8_t *w = t->w[block] + c * k;
    if ((out_c - c) * k >= 4 * t->groups[block]) {
        return w;
    }
    tf_copy(w, k, t->row[block]);
    return t->row[block];
}

/* One output channel of up to four pixels, whatever its shift and clamp. */
static void multiply_any(const tf_tiles *t, const tf_requant *rq, int32_t bias, int32_t out_c, int32_t c,
                         const int16_t *tile, int32_t pixels, int8_t *y) {
    int32_t acc[TF_TILE] = {bias, bias, bias, bias};
    for (int32_t b = 0; b < t->blocks; b++) {
        tf_tile_dot(t->groups[b], row_of(t, b, c, out_c), tile, acc);
        tile += 16 * t->groups[b];
    }
    for (int32_t p = 0; p < pixels; p++) {
        y[p * out_c] = tf_rescaled(acc[p], rq, c);
    }
}

void tf_tiles_multiply(const tf_tiles *t, const tf_requant *rq, const int32_t *bias, int32_t out_c, tf_span channels,
                       int32_t pixels, int8_t *y) {
    const int32_t whole = tf_clamps_only_int8(rq) ? pixels / TF_TILE : 0;
    tf_tile_channel channel;
    tf_outputs_init(&channel.outputs, out_c, t->tiles + whole * tf_tiles_stride(t), y);
    for (int32_t b = 0; b < TF_BLOCKS; b++) {
        tf_tile_row_init(&channel.rows[b], t->groups[b]);
    }
    for (int32_t c = channels.first; c < channels.end; c++) {
        int32_t done = 0;
        if (whole > 0 && tf_scale_fits(rq->s[c])) {
            channel.outputs.scale = tf_scale_of(rq, c);
            channel.outputs.y = y + c;
            for (int32_t p = 0; p < TF_TILE; p++) {
                channel.bias[p] = bias[c];
            }
            for (int32_t b = 0; b < t->blocks; b++) {
                channel.rows[b].w = row_of(t, b, c, out_c);
            }
            tf_tile_channel_run(&channel, t->tiles);
            done = whole;
        }
        for (; TF_TILE * done < pixels; done++) {
            const int32_t rest = pixels - TF_TILE * done;
            multiply_any(t, rq, bias[c], out_c, c, t->tiles + done * tf_tiles_stride(t),
                         rest < TF_TILE ? rest : TF_TILE, y + c + TF_TILE * done * out_c);
        }
    }
}

#endif
