#include "tf_finish.h"
#include "tf_lanes.h"
#include "tf_span.h"

uint32_t tf_avg_pool_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_grad *grad_y, tf_grad *grad_x) {
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
                        const tf_grad *g = grad_y + (oy * win->out_w + ox) * channels + c0;
                        for (int32_t c = 0; c < n; c++) {
                            acc[c] += g[c];
                        }
                    }
                }
                saturated += tf_finish_grads(&ig->finish, n, acc, ig->gm, TF_GM_BITS, grad_x);
                grad_x += n;
            }
        }
    }
    return saturated;
}
