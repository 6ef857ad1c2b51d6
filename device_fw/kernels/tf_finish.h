#ifndef TF_FINISH_H
#define TF_FINISH_H

#include "tf_arith.h"
#include "tf_kernels.h"

/* Section 5.4 of docs/NUMERICS.md: stores the gradient whose sum is v; 1 if it was clamped, else 0. */
static inline uint32_t tf_finish_grad(const tf_finish *finish, int64_t v, tf_grad *grad_x) {
    if (finish->accumulate) {
        v += *grad_x * ((int64_t)1 << finish->bsh);
    }
    const int64_t rounded = tf_round_even64(v, finish->bsh);
    const int64_t clamped = tf_clamp64(rounded, -TF_GQ, TF_GQ);
    *grad_x = (tf_grad)clamped;
    return rounded != clamped;
}

/*
 * The quick way for sums v = acc * gm, |acc| < 2^31: scaled by 2^(32 - bsh) the multiplier still fits a word, and the
 * high word of the product is v >> bsh.
 */
#define TF_GM_BITS 15
static inline int tf_finish_is_quick(const tf_finish *finish, int32_t gm_bits) {
    return finish->bsh > gm_bits && finish->bsh <= 32;
}

static inline int32_t tf_finish_scaled(const tf_finish *finish, int32_t gm) {
    return gm * ((int32_t)1 << (32 - finish->bsh));
}

/* scaled: gm by tf_finish_scaled; before: what grad_x holds, or 0 not to accumulate. Counts in saturated. */
static inline void tf_finish_sum(int32_t acc, int32_t scaled, int32_t before, tf_grad *grad_x, uint32_t *saturated) {
    const uint64_t sum = (uint64_t)((int64_t)acc * scaled) + ((uint64_t)(uint32_t)before << 32 | 0x80000000u);
    int32_t rounded = (int32_t)(uint32_t)(sum >> 32);
    if ((uint32_t)sum == 0) { /* a tie was rounded up */
        rounded &= ~1;
    }
    if ((uint32_t)(rounded + TF_GQ) > 2u * TF_GQ) {
        rounded = rounded < 0 ? -TF_GQ : TF_GQ;
        ++*saturated;
    }
    *grad_x = (tf_grad)rounded;
}

static inline void tf_finish_quickly(const tf_finish *finish, int32_t acc, int32_t scaled, tf_grad *grad_x,
                                     uint32_t *saturated) {
    tf_finish_sum(acc, scaled, finish->accumulate ? *grad_x : 0, grad_x, saturated);
}

/* The same for n neighbouring channels, v = acc * gm, 0 <= gm < 2^gm_bits. */
static inline uint32_t tf_finish_grads(const tf_finish *finish, int32_t n, const int32_t *acc, int32_t gm,
                                       int32_t gm_bits, tf_grad *grad_x) {
    uint32_t saturated = 0;
    if (tf_finish_is_quick(finish, gm_bits)) {
        const int32_t scaled = tf_finish_scaled(finish, gm);
        for (int32_t i = 0; i < n; i++) {
            tf_finish_quickly(finish, acc[i], scaled, &grad_x[i], &saturated);
        }
    } else {
        for (int32_t i = 0; i < n; i++) {
            saturated += tf_finish_grad(finish, (int64_t)acc[i] * gm, &grad_x[i]);
        }
    }
    return saturated;
}

#endif
