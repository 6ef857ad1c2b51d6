#include "tf_rows.h"
#include "tf_span.h"

void tf_max_pool_s8(const tf_window *win, const tf_rows *x, const tf_rows_out *y, tf_span rows) {
    const int32_t channels = win->in_c;
    for (int32_t oy = rows.first; oy < rows.end; oy++) {
        const tf_span taps = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
        int8_t *best = tf_row_out(y, oy);
        for (int32_t ox = 0; ox < win->out_w; ox++) {
            const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
            for (int32_t c = 0; c < channels; c++) {
                best[c] = INT8_MIN;
            }
            for (int32_t ky = taps.first; ky < taps.end; ky++) {
                const int8_t *row = tf_row(x, oy * win->stride_h - win->pad_top + ky);
                for (int32_t kx = cols.first; kx < cols.end; kx++) {
                    const int8_t *pixel = row + (ox * win->stride_w - win->pad_left + kx) * channels;
                    for (int32_t c = 0; c < channels; c++) {
                        best[c] = pixel[c] > best[c] ? pixel[c] : best[c];
                    }
                }
            }
            best += channels;
        }
    }
}
