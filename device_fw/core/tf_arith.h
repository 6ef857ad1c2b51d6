#ifndef TF_ARITH_H
#define TF_ARITH_H

#include <stdint.h>

/* The primitives of docs/NUMERICS.md section 1 that the device core needs. */

static inline int64_t tf_clamp64(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }

/* RS(v, s): divides by 2^s, rounding half up; s = 0 .. 31, |v| < 2^62. */
static inline int64_t tf_round_shift64(int64_t v, uint8_t s) {
    if (s == 0) {
        return v;
    }
    const int64_t u = v + ((int64_t)1 << (s - 1));
    return u >= 0 ? (int64_t)((uint64_t)u >> s) : -1 - (int64_t)(((uint64_t)(-1 - u)) >> s);
}

static inline uint32_t tf_mix32(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

#endif
