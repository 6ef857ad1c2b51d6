#ifndef TF_GRU_H
#define TF_GRU_H

#include "tf_recurrent.h"

/* Gates of one unit in Q15, and n's product with the state in Q11. */
typedef struct {
    int32_t r, z, n, product;
} tf_gru;

/* Unit i of one step: gi: [3 H]; h: the state before. */
static inline tf_gru tf_gru_unit(const tf_recurrent *p, const int8_t *w, const int32_t *bias, const int8_t *gi,
                                 const int8_t *h, int32_t i) {
    const int32_t z = p->units + i, n = 2 * p->units + i;
    tf_gru unit;
    unit.r = tf_sigma(tf_input_part(p, gi[i]) + tf_state_part(p, w, bias, h, i));
    unit.z = tf_sigma(tf_input_part(p, gi[z]) + tf_state_part(p, w, bias, h, z));
    unit.product = tf_state_part(p, w, bias, h, n);
    unit.n = tf_tanh(tf_input_part(p, gi[n]) + (int32_t)tf_times(unit.product, unit.r));
    return unit;
}

#endif
