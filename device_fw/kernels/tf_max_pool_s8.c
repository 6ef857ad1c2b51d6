#include "tf_kernels.h"
#include "tf_span.h"

void tf_max_pool_s8(const tf_window *win, const int8_t *x, int8_t *y) {
    const int32_t channels = win->in_c;
    for (int32_t oy = 0; oy < win->out_h; oy++) {
        const tf_span rows = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
        for (int32_t ox = 0; ox < win->out_w; ox++) {
            const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
            for (int32_t c = 0; c < channels; c++) {
                y[c] = INT8_MIN;
            }
            for (int32_t ky = rows.first; ky < rows.end; ky++) {
                for (int32_t kx = cols.first; kx < cols.end; kx++) {
                    const int32_t iy = oy * win->stride_h - win->pad_top + ky;
                    const int32_t ix = ox * win->stride_w - win->pad_left + kx;
                    const int8_t *pixel = x + (iy * win->in_w + ix) * channels;
                    for (int32_t c = 0; c < channels; c++) {
                        y[c] = pixel[c] > y[c] ? pixel[c] : y[c];
                    }
                }
            }
            y += channels;
        }
    }
}
