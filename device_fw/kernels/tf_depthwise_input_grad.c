#include "tf_depthwise_plane_grad.h"
#include "tf_finish.h"
#include "tf_lanes.h"
#include "tf_span.h"

uint32_t tf_depthwise_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_weights *wt,
                                 const tf_grad *grad_y, tf_grad *grad_x, void *scratch) {
    const int8_t *weights = wt->trained != 0 ? wt->trained : wt->frozen;
#if TF_DSP
    if (tf_depthwise_plane_fits(win)) {
        return tf_depthwise_plane_grad(win, ig, weights, grad_y, grad_x, scratch);
    }
#endif
    (void)scratch;
    const int32_t channels = win->in_c;
    uint32_t saturated = 0;
    for (int32_t iy = 0; iy < win->in_h; iy++) {
        const tf_span rows = tf_windows_holding(iy, win->stride_h, win->pad_top, win->kernel_h, win->out_h);
        for (int32_t ix = 0; ix < win->in_w; ix++) {
            const tf_span cols = tf_windows_holding(ix, win->stride_w, win->pad_left, win->kernel_w, win->out_w);
            for (int32_t c0 = 0; c0 < channels; c0 += TF_LANES) {
                const int32_t n = tf_lanes(channels, c0);
                int32_t acc[TF_LANES];
                tf_lanes_clear(acc);
                for (int32_t oy = rows.first; oy < rows.end; oy++) {
                    for (int32_t ox = cols.first; ox < cols.end; ox++) {
                        const int32_t ky = iy + win->pad_top - oy * win->stride_h;
                        const int32_t kx = ix + win->pad_left - ox * win->stride_w;
                        const int8_t *w = weights + (ky * win->kernel_w + kx) * channels + c0;
                        const tf_grad *g = grad_y + (oy * win->out_w + ox) * channels + c0;
                        for (int32_t c = 0; c < n; c++) {
                            acc[c] += w[c] * g[c];
                        }
                    }
                }
                for (int32_t c = 0; c < n; c++) {
                    saturated += tf_finish_grad(&ig->finish, (int64_t)acc[c] * ig->gmc[c0 + c], grad_x++);
                }
            }
        }
    }
    return saturated;
}
