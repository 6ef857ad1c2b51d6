#ifndef TF_STEP_H
#define TF_STEP_H

#include "tf_arith.h"
#include "tf_kernels.h"

/*
 * Section 6 of docs/NUMERICS.md: one stored weight steps against its gradient sum a; word: of its index i. Without a
 * fraction (f null) it is rounded by a byte of `rounding`, the word of i under the base for that.
 */
static inline void tf_step_weight(int32_t a, uint16_t km, int32_t s, uint32_t word, uint32_t rounding, uint32_t i,
                                  int8_t *w, uint8_t *f) {
    if (a == 0) {
        return;
    }
    const int64_t d = tf_stochastic_shift((int64_t)a * km, s, word, i);
    const int32_t v = (int32_t)tf_clamp64(*w * 256 + (f ? *f : 128) - d, -32384, 32640);
    if (f) {
        *w = (int8_t)tf_floor_shift32(v, 8);
        *f = (uint8_t)(v & 255);
    } else {
        *w = (int8_t)tf_floor_shift32(v - 128 + (int32_t)(rounding >> (8u * (i & 3u)) & 255u), 8);
    }
}

/* The base of the bytes that round weights without fractions. */
static inline uint32_t tf_rounding_base(uint32_t base) { return tf_mix32(base + 1u); }

#endif
