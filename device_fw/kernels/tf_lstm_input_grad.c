#include "tf_lstm.h"

/* One step: its rows of grad_x and kept, the state before, the cells before (null: zero) and after. */
typedef struct {
    const int8_t *gi, *before;
    const int16_t *cell_before, *cell;
    tf_grad *grad_x, *kept;
} lstm_step;

/* cells: [T][H] */
static void run_cells(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, const int8_t *h, int16_t *cells) {
    const int32_t units = p->units;
    for (int32_t t = 0; t < p->steps; t++) {
        const int8_t *before = tf_state_before(p, h, t);
        for (int32_t u = 0; u < units; u++) {
            const tf_lstm unit = tf_lstm_unit(p, tf_recurrent_weights(wt), wt->bias, gi + 4 * t * units, before, u);
            cells[t * units + u] = tf_lstm_cell(&unit, t > 0 ? cells[(t - 1) * units + u] : 0);
        }
    }
}

/*
 * Unit u, whose state has the gradient dh: folds what goes through the weights. carry: that of its cell after the step,
 * then before it.
 */
static uint32_t unit_back(const tf_recurrent *p, const tf_recurrent_grad *rg, const tf_weights *wt,
                          const lstm_step *step, int32_t u, int32_t dh, int32_t *carry, int32_t *folded) {
    const tf_lstm unit = tf_lstm_unit(p, tf_recurrent_weights(wt), wt->bias, step->gi, step->before, u);
    const int32_t top = tf_tanh(step->cell[u]);
    const int64_t before = step->cell_before ? step->cell_before[u] : 0;
    const int32_t dc = tf_carry_clamp(tf_times(tf_times(dh, unit.o), tf_hump(top)) + *carry);
    const int32_t sums[4] = {
        (int32_t)tf_times(tf_times(dc, unit.g), tf_bell(unit.i)),
        tf_carry_clamp(tf_times(tf_round_shift64(dc * before, 11), tf_bell(unit.f))),
        (int32_t)tf_times(tf_times(dc, unit.i), tf_hump(unit.g)),
        (int32_t)tf_times(tf_times(dh, top), tf_bell(unit.o)),
    };
    uint32_t saturated = 0;
    for (int32_t gate = 0, c = u; gate < 4; gate++, c += p->units) {
        saturated += tf_finish_sums(rg, sums[gate], sums[gate], step->grad_x + c, step->kept ? step->kept + c : 0);
        folded[c] = tf_fold_product(rg, sums[gate], c);
    }
    *carry = (int32_t)tf_times(dc, unit.f);
    return saturated;
}

uint32_t tf_lstm_input_grad(const tf_recurrent *p, const tf_recurrent_grad *rg, const tf_weights *wt, const int8_t *gi,
                            const int8_t *h, const tf_grad *grad_y, tf_grad *grad_x, tf_grad *kept, void *scratch) {
    const int32_t units = p->units, sums = 4 * units;
    int32_t *carry = scratch, *carry_c = carry + units, *folded = carry_c + units;
    int16_t *cells = (int16_t *)(void *)(folded + sums);
    uint32_t saturated = 0;
    run_cells(p, wt, gi, h, cells);
    for (int32_t u = 0; u < units; u++) {
        carry[u] = carry_c[u] = 0;
    }
    for (int32_t t = p->steps - 1; t >= 0; t--) {
        const int16_t *cell = cells + t * units;
        const lstm_step step = {gi + t * sums, tf_state_before(p, h, t), t > 0 ? cell - units : 0,
                                cell,          grad_x + t * sums,        kept ? kept + t * sums : 0};
        for (int32_t u = 0; u < units; u++) {
            const int32_t dh = tf_carry_clamp((int64_t)grad_y[t * units + u] * ((int32_t)1 << rg->lift) + carry[u]);
            saturated += unit_back(p, rg, wt, &step, u, dh, &carry_c[u], folded);
            carry[u] = 0;
        }
        if (t > 0) {
            tf_carry_back(rg, sums, units, tf_recurrent_weights(wt), folded, carry);
        }
    }
    return saturated;
}
