#ifndef TF_MUL_H
#define TF_MUL_H

#include "tf_arith.h"
#include "tf_kernels.h"

/* Section 4 of docs/NUMERICS.md: one product. */
static inline int8_t tf_product(const tf_mul *p, int8_t a, int8_t b) {
    const int64_t product = (a - p->zero_point0) * (b - p->zero_point1);
    return (int8_t)tf_clamp64(tf_round_shift64(product * p->m, p->s) + p->zero_point, p->lo, p->hi);
}

#endif
