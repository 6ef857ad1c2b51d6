#ifndef TF_CONV_UPDATE_PLAIN_H
#define TF_CONV_UPDATE_PLAIN_H

#include "tf_block.h"
#include "tf_lanes.h"
#include "tf_span.h"
#include "tf_step.h"

/*
 * A run is what one output channel trains side by side in weights and image: a row of the kernel where all input
 * channels train, else the trained channels of one tap.
 */
typedef struct {
    int32_t taps, length; /* length: elements */
} tf_run;

static inline tf_run tf_run_of(const tf_window *win) {
    const int32_t taps = win->trained_in_c == win->in_c ? win->kernel_w : 1;
    const tf_run run = {taps, taps * win->trained_in_c};
    return run;
}

static inline int32_t tf_smaller(int32_t a, int32_t b) { return a < b ? a : b; }

static inline int32_t tf_larger(int32_t a, int32_t b) { return a > b ? a : b; }

/*
 * Sums n elements, from j0 on, of the run that starts at tap (ky, kx).
 * x: the first trained channel of the group, in the packed input; grad_y: the output channel.
 */
static inline void tf_sum_run(const tf_window *win, const tf_run *run, int32_t ky, int32_t kx, int32_t j0, int32_t n,
                              const int8_t *x, const tf_grad *grad_y, int32_t acc[TF_LANES]) {
    const tf_span rows = tf_windows_inside(ky, win->stride_h, win->pad_top, win->in_h, win->out_h);
    const int32_t packed = win->groups * win->trained_in_c;
    tf_lanes_clear(acc);
    for (int32_t oy = rows.first; oy < rows.end; oy++) {
        const int32_t iy = oy * win->stride_h - win->pad_top + ky;
        for (int32_t ox = 0; ox < win->out_w; ox++) {
            const int32_t g = grad_y[(oy * win->out_w + ox) * win->out_c];
            const int32_t ix = ox * win->stride_w - win->pad_left + kx;
            const tf_span taps = tf_taps_inside(0, 1, -ix, run->taps, win->in_w);
            const int32_t first = tf_larger(taps.first * win->trained_in_c - j0, 0);
            const int32_t end = tf_smaller(taps.end * win->trained_in_c - j0, n);
            if (g == 0 || first >= end) {
                continue;
            }
            const int8_t *pixel = x + ((iy * win->in_w + ix) * packed + j0 + first);
            for (int32_t j = 0; j < end - first; j++) {
                acc[first + j] += g * (pixel[j] - win->in_zero_point);
            }
        }
    }
}

static inline void tf_conv_update_runs(const tf_window *win, const tf_rate *rate, int32_t e, uint32_t base,
                                       const int8_t *x, const tf_grad *grad_y, int8_t *w, uint8_t *f) {
    const int32_t group_in = tf_group_in_c(win);
    const int32_t group_out = win->out_c / win->groups;
    const tf_run run = tf_run_of(win);
    for (int32_t oc = 0; oc < win->out_c; oc++) {
        for (int32_t ky = 0; ky < win->kernel_h; ky++) {
            for (int32_t kx = 0; kx < win->kernel_w; kx += run.taps) {
                uint32_t i = (uint32_t)(((oc * win->kernel_h + ky) * win->kernel_w + kx) * group_in);
                for (int32_t j0 = 0; j0 < run.length; j0 += TF_LANES) {
                    const int32_t n = tf_lanes(run.length, j0);
                    int32_t acc[TF_LANES];
                    tf_sum_run(win, &run, ky, kx, j0, n, x + oc / group_out * win->trained_in_c, grad_y + oc, acc);
                    tf_step_weights(n, acc, rate->km[oc], rate->ks[oc] + e, base, i, w, f);
                    i += (uint32_t)n;
                    w += n;
                    f = tf_fractions(f, n);
                }
            }
        }
    }
}

#endif
