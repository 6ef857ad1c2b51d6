#include "tf_tiles.h"
#include "tf_copy.h"
#include "tf_scale.h"
#include "tf_tile_channel.h"

#if TF_DSP

/* Channels before it have rows of which whole groups can be read. */
static int32_t readable(const tf_tiles *t, int32_t block, int32_t out_c) {
    const int32_t k = t->k[block];
    return k == 0 ? out_c : out_c - (4 * t->groups[block] + k - 1) / k + 1;
}

/* One output channel of `pixels` pixels, whatever its shift and clamp. */
static void multiply_slowly(const tf_tiles *t, const tf_requant *rq, const tf_tile_channel *channel, int32_t bias,
                            int32_t out_c, int32_t c, int32_t pixels, int8_t *y) {
    const int16_t *tile = t->tiles;
    for (int32_t done = 0; done < pixels; done += TF_TILE) {
        int32_t acc[TF_TILE] = {bias, bias, bias, bias};
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            tf_tile_dot(t->groups[b], channel->rows[b].w, tile, acc);
            tile += 16 * t->groups[b];
        }
        for (int32_t p = 0; p < TF_TILE && done + p < pixels; p++) {
            y[(done + p) * out_c] = tf_requantise(acc[p], rq->m[c], rq->s[c], rq);
        }
    }
}

/* The pixels of a last tile that has fewer than four. */
static void multiply_rest(tf_tile_channel *channel, int32_t n, const int16_t *tile, int32_t out_c, int8_t *y) {
    const tf_outputs outputs = channel->outputs;
    int8_t values[TF_TILE];
    channel->outputs.step = 1;
    channel->outputs.step3 = 3;
    channel->outputs.end = tile + (channel->rows[0].bytes + channel->rows[1].bytes) / 2;
    channel->outputs.y = values;
    tf_tile_channel_run(channel, tile);
    for (int32_t p = 0; p < n; p++) {
        y[p * out_c] = values[p];
    }
    channel->outputs = outputs;
}

void tf_tiles_multiply(const tf_tiles *t, const tf_requant *rq, const int32_t *bias, int32_t out_c, tf_span channels,
                       int32_t pixels, int8_t *y) {
    const int32_t whole = pixels / TF_TILE, rest = pixels % TF_TILE;
    const int16_t *const end = t->tiles + whole * tf_tiles_stride(t);
    const int32_t readable0 = readable(t, 0, out_c), readable1 = readable(t, 1, out_c);
    const int plain = tf_clamps_only_int8(rq);
    const int8_t *w0 = t->w[0] + channels.first * t->k[0], *w1 = t->w[1] + channels.first * t->k[1];
    tf_tile_channel channel;
    tf_outputs_init(&channel.outputs, out_c, end);
    tf_tile_row_init(&channel.rows[0], t->groups[0]);
    tf_tile_row_init(&channel.rows[1], t->groups[1]);
    y += channels.first;
    for (int32_t c = channels.first; c < channels.end; c++, y++, w0 += t->k[0], w1 += t->k[1]) {
        channel.rows[0].w = c < readable0 ? w0 : tf_copy(w0, t->k[0], t->row[0]) - t->k[0];
        channel.rows[1].w = c < readable1 ? w1 : tf_copy(w1, t->k[1], t->row[1]) - t->k[1];
        if (!tf_scale_fits(rq->s[c])) {
            multiply_slowly(t, rq, &channel, bias[c], out_c, c, pixels, y);
            continue;
        }
        channel.outputs.scale = tf_scale_of(rq, c);
        channel.bias[0] = channel.bias[1] = channel.bias[2] = channel.bias[3] = bias[c];
        if (whole > 0) {
            channel.outputs.y = y;
            tf_tile_channel_run(&channel, t->tiles);
        }
        if (rest > 0) {
            multiply_rest(&channel, rest, end, out_c, y + TF_TILE * whole * out_c);
        }
        if (!plain) {
            tf_clamp_outputs(rq, pixels, out_c, y);
        }
    }
}

#endif
