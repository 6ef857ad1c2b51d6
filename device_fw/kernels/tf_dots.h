#ifndef TF_DOTS_H
#define TF_DOTS_H

#include "tf_dsp.h"
#include "tf_kernels.h"

/*
 * Products of one vector with many. It is kept as int16, by the DSP extension in the order in which SXTB16 unpacks four
 * bytes: 0 2 1 3.
 */

static inline int32_t tf_dots_slot(int32_t c, int32_t n) {
#if TF_DSP
    return c < (n & ~3) ? (c & ~3) | (c & 1) << 1 | (c >> 1 & 1) : c;
#else
    (void)n;
    return c;
#endif
}

/* Both keep a vector and return the sum of its elements. kept: [n], 4-byte aligned. */
static inline int32_t tf_dots_keep(int32_t n, const int8_t *x, int32_t zero_point, int16_t *kept) {
    int32_t sum = 0;
    for (int32_t c = 0; c < n; c++) {
        const int16_t u = (int16_t)(x[c] - zero_point);
        kept[tf_dots_slot(c, n)] = u;
        sum += u;
    }
    return sum;
}

static inline int32_t tf_dots_keep_grad(int32_t n, const tf_grad *grad, int16_t *kept) {
    int32_t sum = 0;
    for (int32_t c = 0; c < n; c++) {
        kept[tf_dots_slot(c, n)] = grad[c];
        sum += grad[c];
    }
    return sum;
}

/* The sum of kept x. */
static inline int32_t tf_dot(int32_t n, const int16_t *kept, const int8_t *x) {
    int32_t sum = 0, c = 0;
#if TF_DSP
    for (; c < (n & ~3); c += 4) {
        const uint32_t bytes = tf_load4(x + c);
        sum = tf_smlad(tf_load4(kept + c), tf_sxtb16(bytes), sum);
        sum = tf_smlad(tf_load4(kept + c + 2), tf_sxtb16_ror8(bytes), sum);
    }
#endif
    for (; c < n; c++) {
        sum += kept[c] * x[c];
    }
    return sum;
}

/* The sum of kept grad. */
static inline int32_t tf_dot_grad(int32_t n, const int16_t *kept, const tf_grad *grad) {
#if TF_GRAD_BITS == 8
    return tf_dot(n, kept, grad);
#else
    int32_t sum = 0, c = 0;
#if TF_DSP
    for (; c < (n & ~3); c += 4) {
        const uint32_t even = tf_load4(kept + c), odd = tf_load4(kept + c + 2);
        const uint32_t first = tf_load4(grad + c), second = tf_load4(grad + c + 2);
        sum = tf_smlabt(odd, first, tf_smlabb(even, first, sum));
        sum = tf_smlatt(odd, second, tf_smlatb(even, second, sum));
    }
#endif
    for (; c < n; c++) {
        sum += kept[c] * grad[c];
    }
    return sum;
#endif
}

#endif
