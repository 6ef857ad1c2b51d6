#include "tf_finish.h"
#include "tf_lanes.h"
#include "tf_span.h"

/* Clears wins[c] where the tap beats the pixel: by being larger, or as large and earlier in row-major order. */
static void contest(int32_t n, const int8_t *pixel, const int8_t *tap, int32_t is_earlier, uint8_t wins[TF_LANES]) {
    for (int32_t c = 0; c < n; c++) {
        wins[c] &= (uint8_t)(tap[c] < pixel[c] + 1 - is_earlier);
    }
}

/* Lets every tap of window (oy, ox) meet the pixel at (iy, ix); x: first lane of the image. */
static void contest_window(const tf_window *win, int32_t n, const int8_t *x, int32_t oy, int32_t ox, int32_t iy,
                           int32_t ix, uint8_t wins[TF_LANES]) {
    const tf_span rows = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
    const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
    const int32_t own = iy * win->in_w + ix;
    for (int32_t c = 0; c < n; c++) {
        wins[c] = 1;
    }
    for (int32_t ky = rows.first; ky < rows.end; ky++) {
        const int32_t row = (oy * win->stride_h - win->pad_top + ky) * win->in_w;
        for (int32_t kx = cols.first; kx < cols.end; kx++) {
            const int32_t other = row + ox * win->stride_w - win->pad_left + kx;
            if (other != own) {
                contest(n, x + own * win->in_c, x + other * win->in_c, other < own, wins);
            }
        }
    }
}

uint32_t tf_max_pool_input_grad(const tf_window *win, const tf_finish *finish, const int8_t *x, const tf_grad *grad_y,
                                tf_grad *grad_x) {
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
                        uint8_t wins[TF_LANES];
                        contest_window(win, n, x + c0, oy, ox, iy, ix, wins);
                        for (int32_t c = 0; c < n; c++) {
                            acc[c] += wins[c] * g[c];
                        }
                    }
                }
                saturated += tf_finish_grads(finish, n, acc, 1, 1, grad_x);
                grad_x += n;
            }
        }
    }
    return saturated;
}
