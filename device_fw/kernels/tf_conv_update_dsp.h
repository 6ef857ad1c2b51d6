#ifndef TF_CONV_UPDATE_DSP_H
#define TF_CONV_UPDATE_DSP_H

#include "tf_block.h"
#include "tf_pair.h"
#include "tf_step.h"

/*
 * The sums of section 6 as dot products over pixels: pairs (tf_pair.h) of output channels, of their gradients, against
 * pairs of input channels, less their zero point.
 */
#define TF_UPDATE_PIXELS 64 /* summed at a time */
#define TF_UPDATE_PAIRS 8   /* of output channels that meet one pair of input channels */

/* Where tap (ky, kx) of channels i, i + 1 of the packed input meets the outputs; channels: 1 if there is no i + 1. */
typedef struct {
    const int8_t *x; /* channel i of the first pixel */
    int32_t ky, kx, channels;
} tf_tap;

/* Pixels p .. p + n - 1 of the output, for a convolution that is no pointwise one. */
static inline void tf_pack_tap(const tf_window *win, const tf_tap *tap, int32_t p, int32_t n, int16_t *pair) {
    const int32_t packed = win->groups * win->trained_in_c;
    int32_t ox = p % win->out_w;
    int32_t iy = p / win->out_w * win->stride_h - win->pad_top + tap->ky;
    for (int32_t k = 0; k < 4 * tf_pair_groups(n); k++) {
        const int32_t ix = ox * win->stride_w - win->pad_left + tap->kx;
        const int inside = k < n && iy >= 0 && iy < win->in_h && ix >= 0 && ix < win->in_w;
        int16_t *value = pair + 8 * (k / 4) + k % 4;
        for (int32_t r = 0; r < 2; r++) {
            const int meets = inside && r < tap->channels;
            value[4 * r] = (int16_t)(meets ? tap->x[(iy * win->in_w + ix) * packed + r] - win->in_zero_point : 0);
        }
        if (++ox == win->out_w) {
            ox = 0;
            iy += win->stride_h;
        }
    }
}

static inline int tf_is_pointwise(const tf_window *win) {
    return win->kernel_h * win->kernel_w * win->stride_h * win->stride_w == 1 && win->pad_top + win->pad_left == 0 &&
           win->in_w == win->out_w;
}

/* Gradients of two neighbouring output channels in n pixels; columns: 1 if there is but one. */
static inline void tf_pack_grads(int32_t n, const tf_grad *first, int32_t step, int32_t columns, int16_t *pair) {
#if TF_GRAD_BITS == 8
    tf_pack_columns(n, first, step, columns, 0, pair);
#else
    for (int32_t k = 0; k < 4 * tf_pair_groups(n); k++) {
        for (int32_t r = 0; r < 2; r++) {
            pair[8 * (k / 4) + k % 4 + 4 * r] = k < n && r < columns ? first[k * step + r] : 0;
        }
    }
#endif
}

/* What meets in one tf_update_sums: n <= 2 * TF_UPDATE_PAIRS output channels. */
typedef struct {
    int16_t *x;            /* one pair */
    int16_t *grads;        /* pairs */
    const tf_grad *grad_y; /* the first output channel */
    int32_t n;
    int32_t held; /* the first pixel whose gradients are in `grads`; -1: none are */
} tf_update;

static inline void tf_update_sums(const tf_window *win, tf_update *up, const tf_tap *tap,
                                  int32_t acc[TF_UPDATE_PAIRS][TF_PAIR_PRODUCTS]) {
    const int32_t pixels = win->out_h * win->out_w;
    const int32_t packed = win->groups * win->trained_in_c;
    memset(acc, 0, sizeof(int32_t[TF_UPDATE_PAIRS][TF_PAIR_PRODUCTS]));
    for (int32_t p = 0; p < pixels; p += TF_UPDATE_PIXELS) {
        const int32_t n = pixels - p < TF_UPDATE_PIXELS ? pixels - p : TF_UPDATE_PIXELS;
        if (tf_is_pointwise(win)) {
            tf_pack_columns(n, tap->x + p * packed, packed, tap->channels, -win->in_zero_point, up->x);
        } else {
            tf_pack_tap(win, tap, p, n, up->x);
        }
        int16_t *grads = up->grads;
        for (int32_t c = 0; c < up->n; c += 2, grads += tf_pair_elements(n)) {
            if (up->held != p) {
                tf_pack_grads(n, up->grad_y + p * win->out_c + c, win->out_c, up->n - c < 2 ? 1 : 2, grads);
            }
            tf_pair_dot(tf_pair_groups(n), grads, up->x, acc[c / 2]);
        }
        up->held = p;
    }
}

static inline void tf_conv_update_pairs(const tf_window *win, const tf_rate *rate, int32_t e, uint32_t base,
                                        const int8_t *x, const tf_grad *grad_y, int8_t *w, uint8_t *f, void *scratch) {
    const int32_t group_in = tf_group_in_c(win);
    const int32_t group_out = win->out_c / win->groups;
    const int32_t taps = win->kernel_h * win->kernel_w;
    const int32_t all = win->out_h * win->out_w;
    tf_update up = {scratch, scratch, grad_y, 0, -1};
    up.grads += tf_pair_elements(all < TF_UPDATE_PIXELS ? all : TF_UPDATE_PIXELS);
    for (int32_t oc = 0; oc < win->out_c; oc += up.n) {
        const int32_t left = group_out - oc % group_out;
        up.n = left < 2 * TF_UPDATE_PAIRS ? left : 2 * TF_UPDATE_PAIRS;
        up.grad_y = grad_y + oc;
        up.held = -1;
        for (int32_t t = 0; t < taps; t++) {
            for (int32_t i = 0; i < win->trained_in_c; i += 2) {
                const int32_t channels = win->trained_in_c - i < 2 ? 1 : 2;
                const tf_tap tap = {x + oc / group_out * win->trained_in_c + i, t / win->kernel_w, t % win->kernel_w,
                                    channels};
                int32_t acc[TF_UPDATE_PAIRS][TF_PAIR_PRODUCTS];
                tf_update_sums(win, &up, &tap, acc);
                for (int32_t c = 0; c < up.n; c++) {
                    const uint32_t index = (uint32_t)(((oc + c) * taps + t) * group_in + i);
                    const int32_t at = ((oc + c) * taps + t) * win->trained_in_c + i;
                    tf_step_weights(channels, acc[c / 2] + 2 * (c & 1), rate->km[oc + c], rate->ks[oc + c] + e, base,
                                    index, w + at, tf_fractions(f, at));
                }
            }
        }
    }
}

#endif
