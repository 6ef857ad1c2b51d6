#include "tf_gru.h"

void tf_gru_step(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, const int8_t *before, int16_t *state,
                 int8_t *h) {
    const int8_t *w = tf_recurrent_weights(wt);
    for (int32_t i = 0; i < p->units; i++) {
        const tf_gru unit = tf_gru_unit(p, w, wt->bias, gi, before, i);
        const int32_t next = unit.n + (int32_t)tf_times(state[i] - unit.n, unit.z);
        state[i] = (int16_t)next;
        h[i] = (int8_t)tf_clamp64(tf_round_shift64(next, 8), INT8_MIN, INT8_MAX);
    }
}

void tf_gru_s8(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, int8_t *h, void *scratch) {
    int16_t *state = scratch;
    for (int32_t i = 0; i < p->units; i++) {
        state[i] = 0;
    }
    for (int32_t t = 0; t < p->steps; t++) {
        tf_gru_step(p, wt, gi + 3 * t * p->units, tf_state_before(p, h, t), state, h + t * p->units);
    }
}
