#ifndef TF_CONV_UPDATE_DSP_H
#define TF_CONV_UPDATE_DSP_H

#include "tf_block.h"
#include "tf_pair.h"
#include "tf_step.h"

/*
 * The sums of section 6 as dot products over pixels: pairs (tf_pair.h) of output channels, of their gradients, against
 * pairs of input channels, less their zero point.
 */
#define TF_UPDATE_PIXELS 64   /* summed at a time */
#define TF_UPDATE_CHANNELS 16 /* of the output that meet the same four of the input */

/* Where tap (ky, kx) of channels i .. i + channels - 1 (1 .. 4) of the packed input meets the outputs. */
typedef struct {
    const int8_t *x; /* channel i of the first pixel */
    int32_t ky, kx, channels;
} tf_tap;

/* Pixels p .. p + n - 1 of the output, for a convolution that is no pointwise one. */
static inline void tf_pack_tap(const tf_window *win, const tf_tap *tap, int32_t p, int32_t n, int16_t *pairs) {
    const int32_t packed = win->groups * win->trained_in_c;
    const int32_t elements = tf_pair_elements(n);
    int32_t ox = p % win->out_w;
    int32_t iy = p / win->out_w * win->stride_h - win->pad_top + tap->ky;
    for (int32_t k = 0; k < elements / 2; k++) {
        const int32_t ix = ox * win->stride_w - win->pad_left + tap->kx;
        const int inside = k < n && iy >= 0 && iy < win->in_h && ix >= 0 && ix < win->in_w;
        int16_t *value = pairs + 8 * (k / 4) + k % 4;
        for (int32_t r = 0; r < 4; r++) {
            const int meets = inside && r < tap->channels;
            value[r / 2 * elements + r % 2 * 4] =
                (int16_t)(meets ? tap->x[(iy * win->in_w + ix) * packed + r] - win->in_zero_point : 0);
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

/* Gradients of up to four neighbouring output channels in n pixels. */
static inline void tf_pack_grads(int32_t n, const tf_grad *first, int32_t step, int32_t columns, int16_t *pairs) {
#if TF_GRAD_BITS == 8
    tf_pack_columns(n, first, step, columns, 0, pairs);
#else
    const int32_t elements = tf_pair_elements(n);
    for (int32_t k = 0; k < elements / 2; k++) {
        for (int32_t r = 0; r < 4; r++) {
            pairs[8 * (k / 4) + k % 4 + r / 2 * elements + r % 2 * 4] = k < n && r < columns ? first[k * step + r] : 0;
        }
    }
#endif
}

/* What meets in one tf_update_sums: n <= TF_UPDATE_CHANNELS output channels. */
typedef struct {
    int16_t *x;            /* two pairs */
    int16_t *grads;        /* pairs */
    const tf_grad *grad_y; /* the first output channel */
    int32_t n;
    int32_t held; /* the first pixel whose gradients are in `grads`; -1: none are */
    int32_t acc[TF_UPDATE_CHANNELS / 2][2][TF_PAIR_PRODUCTS]; /* [pair of outputs][pair of inputs] */
} tf_update;

static inline void tf_update_sums(const tf_window *win, tf_update *up, const tf_tap *tap) {
    const int32_t pixels = win->out_h * win->out_w;
    const int32_t packed = win->groups * win->trained_in_c;
    memset(up->acc, 0, sizeof up->acc);
    for (int32_t p = 0; p < pixels; p += TF_UPDATE_PIXELS) {
        const int32_t n = pixels - p < TF_UPDATE_PIXELS ? pixels - p : TF_UPDATE_PIXELS;
        const int32_t elements = tf_pair_elements(n);
        if (tf_is_pointwise(win)) {
            tf_pack_columns(n, tap->x + p * packed, packed, tap->channels, -win->in_zero_point, up->x);
        } else {
            tf_pack_tap(win, tap, p, n, up->x);
        }
        if (up->held != p) {
            for (int32_t c = 0; c < up->n; c += 4) {
                tf_pack_grads(n, up->grad_y + p * win->out_c + c, win->out_c, up->n - c < 4 ? up->n - c : 4,
                              up->grads + c / 2 * elements);
            }
            up->held = p;
        }
        for (int32_t c = 0; c < up->n; c += 2) {
            for (int32_t r = 0; r < tap->channels; r += 2) {
                tf_pair_dot(tf_pair_groups(n), up->grads + c / 2 * elements, up->x + r / 2 * elements,
                            up->acc[c / 2][r / 2]);
            }
        }
    }
}

/* The weights of n output channels from oc on at one tap step; index, at: of the first weight, among all and stored. */
static inline void tf_update_steps(const tf_window *win, const tf_rate *rate, const tf_update *up, int32_t channels,
                                   int32_t oc, int32_t e, uint32_t base, uint32_t index, int8_t *w, uint8_t *f) {
    const int32_t taps = win->kernel_h * win->kernel_w;
    const uint32_t index_step = (uint32_t)(taps * tf_group_in_c(win));
    const int32_t stored_step = taps * win->trained_in_c;
    for (int32_t c = 0; c < up->n; c++, index += index_step, w += stored_step, f = tf_fractions(f, stored_step)) {
        const int32_t *even = up->acc[c / 2][0] + 2 * (c & 1), *odd = up->acc[c / 2][1] + 2 * (c & 1);
        const int32_t acc[4] = {even[0], even[1], odd[0], odd[1]};
        tf_step_weights(channels, acc, rate->km[oc + c], rate->ks[oc + c] + e, base, index, w, f);
    }
}

static inline void tf_conv_update_pairs(const tf_window *win, const tf_rate *rate, int32_t e, uint32_t base,
                                        const int8_t *x, const tf_grad *grad_y, int8_t *w, uint8_t *f, void *scratch) {
    const int32_t group_in = tf_group_in_c(win);
    const int32_t group_out = win->out_c / win->groups;
    const int32_t taps = win->kernel_h * win->kernel_w;
    const int32_t all = win->out_h * win->out_w;
    tf_update up;
    up.x = scratch;
    up.grads = up.x + 2 * tf_pair_elements(all < TF_UPDATE_PIXELS ? all : TF_UPDATE_PIXELS);
    for (int32_t oc = 0; oc < win->out_c; oc += up.n) {
        const int32_t left = group_out - oc % group_out;
        up.n = left < TF_UPDATE_CHANNELS ? left : TF_UPDATE_CHANNELS;
        up.grad_y = grad_y + oc;
        up.held = -1;
        for (int32_t t = 0; t < taps; t++) {
            for (int32_t i = 0; i < win->trained_in_c; i += 4) {
                const int32_t channels = win->trained_in_c - i < 4 ? win->trained_in_c - i : 4;
                const int32_t stored = (oc * taps + t) * win->trained_in_c + i;
                const tf_tap tap = {x + oc / group_out * win->trained_in_c + i, t / win->kernel_w, t % win->kernel_w,
                                    channels};
                tf_update_sums(win, &up, &tap);
                tf_update_steps(win, rate, &up, channels, oc, e, base, (uint32_t)((oc * taps + t) * group_in + i),
                                w + stored, tf_fractions(f, stored));
            }
        }
    }
}

#endif
