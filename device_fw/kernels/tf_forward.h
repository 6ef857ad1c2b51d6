#ifndef TF_FORWARD_H
#define TF_FORWARD_H

#include "tf_arith.h"
#include "tf_kernels.h"

/* What the forward kernels share, docs/NUMERICS.md section 4. */

/* Output channels summed at once: each value of the image is fetched for all of them. */
#define TF_QUAD 4

/* Filters of a quad: where each begins after the first, in elements. Past the last channel the last one repeats. */
typedef struct {
    int32_t filter[TF_QUAD];
} tf_quad;

static inline tf_quad tf_quad_of(int32_t filters, int32_t length) {
    tf_quad quad;
    for (int32_t k = 0; k < TF_QUAD; k++) {
        quad.filter[k] = (k < filters ? k : filters - 1) * length;
    }
    return quad;
}

/* acc[k] += sum over n of w[filter k] (x - zero_point) */
static inline void tf_quad_dot(const tf_quad *quad, int32_t n, const int8_t *w, const int8_t *x, int32_t zero_point,
                               int32_t acc[TF_QUAD]) {
    const int8_t *w0 = w + quad->filter[0], *w1 = w + quad->filter[1];
    const int8_t *w2 = w + quad->filter[2], *w3 = w + quad->filter[3];
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    for (int32_t i = 0; i < n; i++) {
        const int16_t v = (int16_t)(x[i] - zero_point);
        a0 += w0[i] * v;
        a1 += w1[i] * v;
        a2 += w2[i] * v;
        a3 += w3[i] * v;
    }
    acc[0] += a0;
    acc[1] += a1;
    acc[2] += a2;
    acc[3] += a3;
}

static inline int8_t tf_requantise(int32_t acc, int32_t m, int32_t s, const tf_requant *rq) {
    const int64_t y = tf_round_shift64((int64_t)acc * m, s) + rq->zero_point;
    return (int8_t)tf_clamp64(y, rq->lo, rq->hi);
}

#endif
