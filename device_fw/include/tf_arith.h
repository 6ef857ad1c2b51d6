#ifndef TF_ARITH_H
#define TF_ARITH_H

#include <stdint.h>

/* The primitives of docs/NUMERICS.md section 1. No shift of a negative value, so every compiler gives the same bits. */

static inline int64_t tf_clamp64(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }

/* v >> s, towards minus infinity; s = 0 .. 31. */
static inline int32_t tf_floor_shift32(int32_t v, int32_t s) {
    const int32_t sign = -(int32_t)(v < 0);
    return (int32_t)((uint32_t)(v ^ sign) >> s) ^ sign;
}

/* v >> s, towards minus infinity; s = 0 .. 63. */
static inline int64_t tf_floor_shift64(int64_t v, int32_t s) {
    const int64_t sign = -(int64_t)(v < 0);
    return (int64_t)((uint64_t)(v ^ sign) >> s) ^ sign;
}

/* RS(v, s): v / 2^s, rounding half up; |v| < 2^62, the result must fit; any s. */
static inline int64_t tf_round_shift64(int64_t v, int32_t s) {
    if (s <= 0) {
        return v * ((int64_t)1 << -s);
    }
    return s > 62 ? 0 : tf_floor_shift64(v + ((int64_t)1 << (s - 1)), s);
}

/* RE(v, s): v / 2^s, rounding half to even; |v| < 2^62 + 2^61, s = 0 .. 61. */
static inline int64_t tf_round_even64(int64_t v, int32_t s) {
    if (s == 0) {
        return v;
    }
    const int64_t odd = tf_floor_shift64(v, s) & 1;
    return tf_floor_shift64(v + ((int64_t)1 << (s - 1)) - 1 + odd, s);
}

/* BL(m): bits of m. */
static inline int32_t tf_bit_length(uint32_t m) {
    int32_t bits = 0;
    for (; m != 0; m >>= 1) {
        bits++;
    }
    return bits;
}

/* ISQRT(v): the square root, rounded down. */
static inline uint32_t tf_isqrt32(uint32_t v) {
    uint32_t root = 0;
    for (uint32_t bit = (uint32_t)1 << 30; bit != 0; bit >>= 2) {
        const uint32_t with = root + bit;
        root >>= 1;
        if (v >= with) {
            v -= with;
            root += bit;
        }
    }
    return root;
}

static inline uint32_t tf_mix32(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

/* RND(base, i >> 2): the word whose bytes serve the weights i & ~3 .. i | 3. */
static inline uint32_t tf_random_word(uint32_t base, uint32_t i) { return tf_mix32(base + (i >> 2) * 0x9E3779B9u); }

/* SR(v, s, base, i), where word = tf_random_word(base, i); |v| < 2^46, s = -15 .. any. */
static inline int64_t tf_stochastic_shift(int64_t v, int32_t s, uint32_t word, uint32_t i) {
    if (s <= 0) {
        return tf_round_shift64(v, s);
    }
    int32_t t = s < 62 ? s : 62;
    if (t > 8) {
        v = tf_round_shift64(v, t - 8);
        t = 8;
    }
    const uint32_t r = (word >> (8 * (i & 3u))) & 255u;
    return tf_floor_shift64(v + (int64_t)(r >> (8 - t)), t);
}

#endif
