#include "tf_depthwise_planes.h"
#include "tf_dsp.h"
#include "tf_forward.h"
#include "tf_lanes.h"
#include "tf_rows.h"
#include "tf_span.h"

static void depthwise_row(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                          int32_t oy, int8_t *y) {
    const int8_t *weights = wt->trained != 0 ? wt->trained : wt->frozen;
    const int32_t channels = win->in_c;
    const tf_span taps = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
    for (int32_t ox = 0; ox < win->out_w; ox++) {
        const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
        for (int32_t c0 = 0; c0 < channels; c0 += TF_LANES) {
            const int32_t n = tf_lanes(channels, c0);
            int32_t acc[TF_LANES];
            for (int32_t c = 0; c < n; c++) {
                acc[c] = wt->bias[c0 + c];
            }
            for (int32_t ky = taps.first; ky < taps.end; ky++) {
                const int8_t *row = tf_row(x, oy * win->stride_h - win->pad_top + ky);
                for (int32_t kx = cols.first; kx < cols.end; kx++) {
                    const int8_t *w = weights + (ky * win->kernel_w + kx) * channels + c0;
                    const int8_t *pixel = row + (ox * win->stride_w - win->pad_left + kx) * channels + c0;
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

void tf_depthwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                     const tf_rows_out *y, tf_span rows, void *scratch) {
#if TF_DSP
    if (tf_depthwise_planes_fit(win, rq)) {
        tf_depthwise_planes(win, rq, wt, x, y, rows, scratch);
        return;
    }
#else
    (void)scratch;
#endif
    for (int32_t oy = rows.first; oy < rows.end; oy++) {
        depthwise_row(win, rq, wt, x, oy, tf_row_out(y, oy));
    }
}
