#ifndef TF_FORWARD_H
#define TF_FORWARD_H

#include "tf_arith.h"
#include "tf_kernels.h"

/* What the forward kernels share, docs/NUMERICS.md section 4. */

static inline int32_t tf_dot(int32_t n, const int8_t *w, const int8_t *x, int32_t zero_point) {
    int32_t acc = 0;
    for (int32_t i = 0; i < n; i++) {
        acc += (int16_t)w[i] * (int16_t)(x[i] - zero_point);
    }
    return acc;
}

static inline int8_t tf_requantise(int32_t acc, int32_t m, int32_t s, const tf_requant *rq) {
    const int64_t y = tf_round_shift64((int64_t)acc * m, s) + rq->zero_point;
    return (int8_t)tf_clamp64(y, rq->lo, rq->hi);
}

#endif
