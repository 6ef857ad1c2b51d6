#include "tf_arith.h"

/* The inline primitives as functions that a test can call. */

int64_t shim_round_shift64(int64_t v, int32_t s) { return tf_round_shift64(v, s); }
int64_t shim_round_even64(int64_t v, int32_t s) { return tf_round_even64(v, s); }
int64_t shim_floor_shift64(int64_t v, int32_t s) { return tf_floor_shift64(v, s); }
int32_t shim_floor_shift32(int32_t v, int32_t s) { return tf_floor_shift32(v, s); }
int32_t shim_bit_length(uint32_t m) { return tf_bit_length(m); }
uint32_t shim_isqrt32(uint32_t v) { return tf_isqrt32(v); }
uint32_t shim_mix32(uint32_t x) { return tf_mix32(x); }

int64_t shim_stochastic_shift(int64_t v, int32_t s, uint32_t base, uint32_t i) {
    return tf_stochastic_shift(v, s, tf_random_word(base, i), i);
}
