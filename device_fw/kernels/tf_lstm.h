#ifndef TF_LSTM_H
#define TF_LSTM_H

#include "tf_recurrent.h"

/* Gates of one unit in Q15. */
typedef struct {
    int32_t i, f, g, o;
} tf_lstm;

/* Unit u of one step: gi: [4 H]; h: the state before. */
static inline tf_lstm tf_lstm_unit(const tf_recurrent *p, const int8_t *w, const int32_t *bias, const int8_t *gi,
                                   const int8_t *h, int32_t u) {
    int32_t sums[4];
    for (int32_t gate = 0, c = u; gate < 4; gate++, c += p->units) {
        sums[gate] = tf_input_part(p, gi[c]) + tf_state_part(p, w, bias, h, c);
    }
    const tf_lstm unit = {tf_sigma(sums[0]), tf_sigma(sums[1]), tf_tanh(sums[2]), tf_sigma(sums[3])};
    return unit;
}

/* The next cell, Q11. */
static inline int16_t tf_lstm_cell(const tf_lstm *unit, int32_t before) {
    const int64_t next = tf_times(before, unit->f) + tf_round_shift64((int64_t)unit->i * unit->g, 19);
    return (int16_t)tf_clamp64(next, INT16_MIN, INT16_MAX);
}

#endif
