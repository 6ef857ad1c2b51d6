#include "tf_gru.h"

/* One step; its rows of grad_x and kept, and the state before. */
typedef struct {
    const int8_t *gi, *before;
    tf_grad *grad_x, *kept;
} gru_step;

/* Unit i, whose state has the gradient dh: folds what goes through the weights, returns what goes past them. */
static int32_t unit_back(const tf_recurrent *p, const tf_recurrent_grad *rg, const tf_weights *wt, const gru_step *step,
                         int32_t i, int32_t dh, int32_t *folded, uint32_t *saturated) {
    const tf_gru unit = tf_gru_unit(p, tf_recurrent_weights(wt), wt->bias, step->gi, step->before, i);
    const int32_t before = step->before ? step->before[i] * 256 : 0;
    const int64_t dn = tf_times(tf_times(dh, TF_ONE - unit.z), tf_hump(unit.n));
    const int64_t dz = tf_times(tf_times(dh, before - unit.n), tf_bell(unit.z));
    const int64_t dr = tf_times(tf_round_shift64(dn * unit.product, 11), tf_bell(unit.r));
    const int32_t of_input[3] = {tf_carry_clamp(dr), (int32_t)dz, (int32_t)dn};
    const int32_t of_product[3] = {of_input[0], of_input[1], (int32_t)tf_times(dn, unit.r)};
    for (int32_t gate = 0, c = i; gate < 3; gate++, c += p->units) {
        *saturated +=
            tf_finish_sums(rg, of_input[gate], of_product[gate], step->grad_x + c, step->kept ? step->kept + c : 0);
        folded[c] = tf_fold_product(rg, of_product[gate], c);
    }
    return (int32_t)tf_times(dh, unit.z);
}

uint32_t tf_gru_input_grad(const tf_recurrent *p, const tf_recurrent_grad *rg, const tf_weights *wt, const int8_t *gi,
                           const int8_t *h, const tf_grad *grad_y, tf_grad *grad_x, tf_grad *kept, void *scratch) {
    const int32_t units = p->units, sums = 3 * units;
    int32_t *carry = scratch, *folded = carry + units;
    uint32_t saturated = 0;
    for (int32_t i = 0; i < units; i++) {
        carry[i] = 0;
    }
    for (int32_t t = p->steps - 1; t >= 0; t--) {
        const gru_step step = {gi + t * sums, tf_state_before(p, h, t), grad_x + t * sums, kept ? kept + t * sums : 0};
        for (int32_t i = 0; i < units; i++) {
            const int32_t dh = tf_carry_clamp((int64_t)grad_y[t * units + i] * ((int32_t)1 << rg->lift) + carry[i]);
            carry[i] = unit_back(p, rg, wt, &step, i, dh, folded, &saturated);
        }
        if (t > 0) {
            tf_carry_back(rg, sums, units, tf_recurrent_weights(wt), folded, carry);
        }
    }
    return saturated;
}
