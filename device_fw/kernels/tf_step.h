#ifndef TF_STEP_H
#define TF_STEP_H

#include "tf_arith.h"
#include "tf_kernels.h"

/* Section 6 of docs/NUMERICS.md: one stored weight steps against its gradient sum a; word: of its index i. */
static inline void tf_step_weight(int32_t a, uint16_t km, int32_t s, uint32_t word, uint32_t i, int8_t *w, uint8_t *f) {
    if (a == 0) {
        return;
    }
    const int64_t d = tf_stochastic_shift((int64_t)a * km, s, word, i);
    const int32_t v = (int32_t)tf_clamp64(*w * 256 + *f - d, -32384, 32640);
    *w = (int8_t)tf_floor_shift32(v, 8);
    *f = (uint8_t)(v & 255);
}

#endif
