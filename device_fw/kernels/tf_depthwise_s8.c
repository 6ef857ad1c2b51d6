#include "tf_forward.h"
#include "tf_lanes.h"
#include "tf_span.h"

void tf_depthwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int8_t *y) {
    const int8_t *weights = wt->trained != 0 ? wt->trained : wt->frozen;
    const int32_t channels = win->in_c;
    for (int32_t oy = 0; oy < win->out_h; oy++) {
        const tf_span rows = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
        for (int32_t ox = 0; ox < win->out_w; ox++) {
            const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
            for (int32_t c0 = 0; c0 < channels; c0 += TF_LANES) {
                const int32_t n = tf_lanes(channels, c0);
                int32_t acc[TF_LANES];
                for (int32_t c = 0; c < n; c++) {
                    acc[c] = wt->bias[c0 + c];
                }
                for (int32_t ky = rows.first; ky < rows.end; ky++) {
                    for (int32_t kx = cols.first; kx < cols.end; kx++) {
                        const int32_t iy = oy * win->stride_h - win->pad_top + ky;
                        const int32_t ix = ox * win->stride_w - win->pad_left + kx;
                        const int8_t *w = weights + (ky * win->kernel_w + kx) * channels + c0;
                        const int8_t *pixel = x + (iy * win->in_w + ix) * channels + c0;
                        for (int32_t c = 0; c < n; c++) {
                            acc[c] += w[c] * (pixel[c] - win->in_zero_point);
                        }
                    }
                }
                for (int32_t c = 0; c < n; c++) {
                    *y++ = tf_requantise(acc[c], rq->m[c0 + c], rq->s[c0 + c], rq);
                }
            }
        }
    }
}
