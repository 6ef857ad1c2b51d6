#ifndef TF_STEP_H
#define TF_STEP_H

#include "tf_arith.h"
#include "tf_kernels.h"

/*
 * Section 6 of docs/NUMERICS.md. SR(a k, s, base, i) by the usual shifts takes the quick way: scaled by 2^(40 - s) the
 * multiplier still fits a word, and the high word of the product is RS(a k, s - 8).
 */
static inline int tf_step_is_quick(int32_t s) { return s >= 25 && s <= 40; }

static inline int32_t tf_step_scaled(uint16_t k, int32_t s) { return (int32_t)((uint32_t)k << (40 - s)); }

/* RS(a k, s - 8) plus the random byte, the lowest of word: 256 times the step, rounded down. Below 2^30 + 2^8. */
static inline int32_t tf_step_sum(int32_t a, int32_t scaled, uint32_t word) {
    const uint64_t product = (uint64_t)((int64_t)a * scaled);
    return (int32_t)(uint32_t)((product + 0x80000000u) >> 32) + (int32_t)(word & 255u);
}

/* tf_step_weights for any shift, and for weights without fractions (f null), which a random byte more rounds. */
void tf_step_weights_slowly(int32_t n, const int32_t *acc, uint16_t km, int32_t s, uint32_t base, uint32_t i, int8_t *w,
                            uint8_t *f);

/* n neighbouring weights of one output channel, the first of index i, step against their gradient sums; f may be null.
 */
static inline void tf_step_weights(int32_t n, const int32_t *acc, uint16_t km, int32_t s, uint32_t base, uint32_t i,
                                   int8_t *w, uint8_t *f) {
    if (!f || !tf_step_is_quick(s)) {
        tf_step_weights_slowly(n, acc, km, s, base, i, w, f);
        return;
    }
    const int32_t scaled = tf_step_scaled(km, s);
    for (int32_t j = 0; j < n;) {
        uint32_t word = tf_random_word(base, i) >> (8 * (i & 3u));
        do {
            /* 256 times the stored V = 256 w + f, rounded up where it is stepped: V - (sum >> 8) is its upper part. */
            const int32_t v = w[j] * 65536 + f[j] * 256 + 255 - tf_step_sum(acc[j], scaled, word);
            const int32_t clamped = v < -32384 * 256 ? -32384 * 256 : v > 32640 * 256 ? 32640 * 256 : v;
            w[j] = (int8_t)((uint32_t)clamped >> 16 & 255u);
            f[j] = (uint8_t)((uint32_t)clamped >> 8 & 255u);
            word >>= 8;
        } while (++j < n && (++i & 3u) != 0);
    }
}

/* Fractions n weights further on. */
static inline uint8_t *tf_fractions(uint8_t *f, int32_t n) { return f ? f + n : f; }

#endif
