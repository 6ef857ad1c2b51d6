#ifndef TF_PATCH_H
#define TF_PATCH_H

#include "tf_copy.h"
#include "tf_rows.h"
#include "tf_span.h"

/*
 * What one output pixel meets of input channels first_c .. first_c + channels - 1: [kernel_h][kernel_w][channels],
 * zero_point where that is padding.
 */
static inline void tf_copy_patch(const tf_window *win, const tf_rows *x, int32_t oy, int32_t ox, int32_t first_c,
                                 int32_t channels, int8_t *patch) {
    const int8_t zero = (int8_t)win->in_zero_point;
    const tf_span rows = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
    const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
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
    tf_fill(zero, (win->kernel_h - rows.end) * win->kernel_w * channels, patch);
}

/*
 * The same for n pixels from ox on, patches `step` bytes apart. Where all their columns are inside the image, rows are
 * copied without looking at each pixel's.
 */
static inline void tf_copy_patches(const tf_window *win, const tf_rows *x, int32_t oy, int32_t ox, int32_t n,
                                   int32_t first_c, int32_t channels, int32_t step, int8_t *patches) {
    const int32_t ix = ox * win->stride_w - win->pad_left;
    if (channels != win->in_c || ix < 0 || ix + (n - 1) * win->stride_w + win->kernel_w > win->in_w) {
        for (int32_t p = 0; p < n; p++) {
            tf_copy_patch(win, x, oy, ox + p, first_c, channels, patches + p * step);
        }
        return;
    }
    const int8_t zero = (int8_t)win->in_zero_point;
    const int32_t length = win->kernel_w * channels;
    const tf_span rows = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
    for (int32_t ky = 0; ky < win->kernel_h; ky++) {
        int8_t *to = patches + ky * length;
        if (ky >= rows.first && ky < rows.end) {
            const int8_t *from = tf_row(x, oy * win->stride_h - win->pad_top + ky) + ix * channels;
            for (int32_t p = 0; p < n; p++, from += win->stride_w * channels, to += step) {
                tf_copy(from, length, to);
            }
        } else {
            for (int32_t p = 0; p < n; p++, to += step) {
                tf_fill(zero, length, to);
            }
        }
    }
}

#endif
