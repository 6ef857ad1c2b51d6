#ifndef TF_RECURRENT_H
#define TF_RECURRENT_H

#include "tf_finish.h"
#include "tf_gates.h"

/* What the recurrent cells share, docs/NUMERICS.md section 11. */

#define TF_SUM_END ((int32_t)1 << 20)
#define TF_CARRY_MOST (((int32_t)1 << 29) - 1)

static inline const int8_t *tf_recurrent_weights(const tf_weights *wt) {
    return wt->trained ? wt->trained : wt->frozen;
}

/* The state before step t; a null pointer before the first, where it is zero. h: [T][H]. */
static inline const int8_t *tf_state_before(const tf_recurrent *p, const int8_t *h, int32_t t) {
    return t > 0 ? h + (t - 1) * p->units : 0;
}

/* A */
static inline int32_t tf_input_part(const tf_recurrent *p, int8_t gi) {
    const int64_t v = (int64_t)(gi - p->in_zero_point) * p->in_m;
    return (int32_t)tf_clamp64(tf_round_shift64(v, p->in_s), -TF_SUM_END, TF_SUM_END);
}

/* B of sum c; w: [G H][H]; h: the state before, null for zero. */
static inline int32_t tf_state_part(const tf_recurrent *p, const int8_t *w, const int32_t *bias, const int8_t *h,
                                    int32_t c) {
    int32_t acc = bias[c];
    const int8_t *row = w + c * p->units;
    for (int32_t i = 0; h && i < p->units; i++) {
        acc += row[i] * h[i];
    }
    return (int32_t)tf_clamp64(tf_round_shift64((int64_t)acc * p->m[c], p->s[c]), -TF_SUM_END, TF_SUM_END);
}

static inline int32_t tf_carry_clamp(int64_t v) { return (int32_t)tf_clamp64(v, -TF_CARRY_MOST, TF_CARRY_MOST); }

/* The gradients of one step's sums: of the input in grad_x, of the products with the state in kept unless it is null.
 */
static inline uint32_t tf_finish_sums(const tf_recurrent_grad *rg, int32_t of_input, int32_t of_product,
                                      tf_grad *grad_x, tf_grad *kept) {
    if (kept) {
        const tf_finish alone = {rg->finish.bsh, 0};
        (void)tf_finish_grad(&alone, of_product, kept);
    }
    return tf_finish_grad(&rg->finish, of_input, grad_x);
}

static inline int32_t tf_fold_product(const tf_recurrent_grad *rg, int32_t of_product, int32_t c) {
    return (int32_t)tf_round_shift64((int64_t)of_product * rg->mw[c], rg->fsh);
}

/* carry[i] += what goes back through the weights. folded: [sums], w: [sums][units]. */
void tf_carry_back(const tf_recurrent_grad *rg, int32_t sums, int32_t units, const int8_t *w, const int32_t *folded,
                   int32_t *carry);

#endif
