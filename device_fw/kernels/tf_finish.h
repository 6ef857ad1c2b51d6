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

/* The same for n neighbouring channels, v = acc * gm. */
static inline uint32_t tf_finish_grads(const tf_finish *finish, int32_t n, const int32_t *acc, int32_t gm,
                                       tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (int32_t i = 0; i < n; i++) {
        saturated += tf_finish_grad(finish, (int64_t)acc[i] * gm, &grad_x[i]);
    }
    return saturated;
}

#endif
