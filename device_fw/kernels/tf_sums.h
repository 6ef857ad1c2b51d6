#ifndef TF_SUMS_H
#define TF_SUMS_H

#include "tf_dsp.h"
#include "tf_kernels.h"
#include "tf_lanes.h"

#if TF_DSP && TF_GRAD_BITS == 8

#define TF_SUM_LANES 8
#define TF_SUM_MOST 256 /* pixels whose sum fits int16: 256 * 127 < 2^15 */

/* Eight channels of up to TF_SUM_MOST pixels, two to a word. */
static inline void tf_sum_eight(uint32_t pixels, int32_t step, const tf_grad *grad, int32_t acc[TF_SUM_LANES]) {
    uint32_t even0 = 0, odd0 = 0, even4 = 0, odd4 = 0;
    for (; pixels > 0; pixels--, grad += step) {
        const uint32_t low = tf_load4(grad), high = tf_load4(grad + 4);
        even0 = tf_sxtab16(even0, low);
        odd0 = tf_sxtab16_ror8(odd0, low);
        even4 = tf_sxtab16(even4, high);
        odd4 = tf_sxtab16_ror8(odd4, high);
    }
    acc[0] += tf_low(even0);
    acc[1] += tf_low(odd0);
    acc[2] += tf_high(even0);
    acc[3] += tf_high(odd0);
    acc[4] += tf_low(even4);
    acc[5] += tf_low(odd4);
    acc[6] += tf_high(even4);
    acc[7] += tf_high(odd4);
}

/* Sums as many of the n lanes as are a multiple of eight; returns how many. */
static inline int32_t tf_sum_eights(uint32_t pixels, int32_t step, int32_t n, const tf_grad *grad,
                                    int32_t acc[TF_LANES]) {
    int32_t c = 0;
    for (; n - c >= TF_SUM_LANES; c += TF_SUM_LANES) {
        for (uint32_t p = 0; p < pixels; p += TF_SUM_MOST) {
            const uint32_t some = pixels - p < TF_SUM_MOST ? pixels - p : TF_SUM_MOST;
            tf_sum_eight(some, step, grad + p * (uint32_t)step + c, acc + c);
        }
    }
    return c;
}

#else

/* NOLINTBEGIN(readability-non-const-parameter): of the type of the other one */
static inline int32_t tf_sum_eights(uint32_t pixels, int32_t step, int32_t n, const tf_grad *grad,
                                    int32_t acc[TF_LANES]) {
    (void)pixels, (void)step, (void)n, (void)grad, (void)acc;
    return 0;
}
/* NOLINTEND(readability-non-const-parameter) */

#endif

/* acc[c] = sum over pixels of grad[c], c < n lanes; step: channels of a pixel. */
static inline void tf_sum_pixels(uint32_t pixels, int32_t step, int32_t n, const tf_grad *grad, int32_t acc[TF_LANES]) {
    tf_lanes_clear(acc);
    const int32_t done = tf_sum_eights(pixels, step, n, grad, acc);
    for (uint32_t p = 0; p < pixels && done < n; p++, grad += step) {
        for (int32_t c = done; c < n; c++) {
            acc[c] += grad[c];
        }
    }
}

#endif
