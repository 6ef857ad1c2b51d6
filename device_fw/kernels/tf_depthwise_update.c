#include "tf_lanes.h"
#include "tf_span.h"
#include "tf_step.h"

/* Sums n channels of tap (ky, kx); x and grad_y: their first lane. */
static void sum_tap(const tf_window *win, int32_t ky, int32_t kx, int32_t n, const int8_t *x, const tf_grad *grad_y,
                    int32_t acc[TF_LANES]) {
    const tf_span rows = tf_windows_inside(ky, win->stride_h, win->pad_top, win->in_h, win->out_h);
    const tf_span cols = tf_windows_inside(kx, win->stride_w, win->pad_left, win->in_w, win->out_w);
    tf_lanes_clear(acc);
    for (int32_t oy = rows.first; oy < rows.end; oy++) {
        for (int32_t ox = cols.first; ox < cols.end; ox++) {
            const int32_t iy = oy * win->stride_h - win->pad_top + ky;
            const int32_t ix = ox * win->stride_w - win->pad_left + kx;
            const int8_t *pixel = x + (iy * win->in_w + ix) * win->in_c;
            const tf_grad *g = grad_y + (oy * win->out_w + ox) * win->in_c;
            for (int32_t c = 0; c < n; c++) {
                acc[c] += g[c] * (pixel[c] - win->in_zero_point);
            }
        }
    }
}

void tf_depthwise_update(const tf_window *win, const tf_rate *rate, int32_t e, uint32_t base, const int8_t *x,
                         const tf_grad *grad_y, int8_t *w, uint8_t *f, void *scratch) {
    (void)scratch;
    const int32_t channels = win->in_c;
    uint32_t i = 0;
    for (int32_t ky = 0; ky < win->kernel_h; ky++) {
        for (int32_t kx = 0; kx < win->kernel_w; kx++) {
            for (int32_t c0 = 0; c0 < channels; c0 += TF_LANES) {
                const int32_t n = tf_lanes(channels, c0);
                int32_t acc[TF_LANES];
                sum_tap(win, ky, kx, n, x + c0, grad_y + c0, acc);
                for (int32_t c = 0; c < n; c++, i++) {
                    tf_step_weights(1, &acc[c], rate->km[c0 + c], rate->ks[c0 + c] + e, base, i, &w[i],
                                    tf_fractions(f, (int32_t)i));
                }
            }
        }
    }
}
