#include "tf_lstm.h"

void tf_lstm_step(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, const int8_t *before, int16_t *cell,
                  int8_t *h) {
    const int8_t *w = tf_recurrent_weights(wt);
    for (int32_t u = 0; u < p->units; u++) {
        const tf_lstm unit = tf_lstm_unit(p, w, wt->bias, gi, before, u);
        cell[u] = tf_lstm_cell(&unit, cell[u]);
        const int64_t state = tf_times(tf_tanh(cell[u]), unit.o);
        h[u] = (int8_t)tf_clamp64(tf_round_shift64(state, 8), INT8_MIN, INT8_MAX);
    }
}

void tf_lstm_s8(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, int8_t *h, void *scratch) {
    int16_t *cell = scratch;
    for (int32_t u = 0; u < p->units; u++) {
        cell[u] = 0;
    }
    for (int32_t t = 0; t < p->steps; t++) {
        tf_lstm_step(p, wt, gi + 4 * t * p->units, tf_state_before(p, h, t), cell, h + t * p->units);
    }
}
