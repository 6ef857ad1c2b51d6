#ifndef TF_PATCH_H
#define TF_PATCH_H

#include "tf_copy.h"
#include "tf_rows.h"
#include "tf_span.h"
#include "tf_tiles.h"

/* Four runs of 4 * groups bytes as one tile, or as part of one. */
static inline int16_t *tf_unpack(const int8_t *const runs[TF_TILE], int32_t groups, int32_t zero_point, int16_t *tile) {
    const uint32_t minus = tf_halves(-zero_point, -zero_point);
    for (int32_t g = 0; g < groups; g++) {
        for (int32_t p = 0; p < TF_TILE; p++, tile += 4) {
            const uint32_t word = tf_load4(runs[p] + 4 * g);
            const uint32_t unpacked[2] = {tf_sxtab16(minus, word), tf_sxtab16_ror8(minus, word)};
            memcpy(tile, unpacked, sizeof unpacked);
        }
    }
    return tile;
}

/* What one output pixel meets of input channels first_c .. first_c + channels - 1, zero_point where that is padding. */
static inline void tf_copy_patch(const tf_window *win, const tf_rows *x, int32_t oy, int32_t ox, int32_t first_c,
                                 int32_t channels, int32_t padded, int8_t *patch) {
    const int8_t zero = (int8_t)win->in_zero_point;
    const tf_span rows = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
    const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
    const int8_t *const end = patch + padded;
    /* Taps of a row lie side by side in weights and image alike when a block spans all channels. */
    const int32_t joined = channels == win->in_c ? cols.end - cols.first : 1;
    patch = tf_fill(zero, rows.first * win->kernel_w * channels, patch);
    for (int32_t ky = rows.first; ky < rows.end; ky++) {
        const int8_t *row = tf_row(x, oy * win->stride_h - win->pad_top + ky) + first_c;
        const int8_t *pixel = row + (ox * win->stride_w - win->pad_left + cols.first) * win->in_c;
        patch = tf_fill(zero, cols.first * channels, patch);
        for (int32_t kx = cols.first; kx < cols.end; kx += joined) {
            patch = tf_copy(pixel, joined * channels, patch);
            pixel += win->in_c;
        }
        patch = tf_fill(zero, (win->kernel_w - cols.end) * channels, patch);
    }
    tf_fill(zero, (int32_t)(end - patch), patch);
}

#endif
