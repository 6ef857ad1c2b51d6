#ifndef TF_STEP_H
#define TF_STEP_H

#include "tf_arith.h"
#include "tf_kernels.h"

/*
 * Section 6 of docs/NUMERICS.md. SR(a k, s, base, i) by the usual shifts takes the quick way: a and k, scaled by
 * 2^(40 - s) in all, still fit a word each, and the high word of their product is RS(a k, s - 8).
 */
typedef struct {
    int32_t scaled; /* k times its share */
    int32_t lift;   /* a's share is 2^lift */
} tf_step;

#define TF_STEP_LAST 40
static inline int tf_step_is_quick(int32_t s) { return s > 8 && s <= TF_STEP_LAST; }

static inline tf_step tf_step_of(uint16_t k, int32_t s) {
    const int32_t shift = 40 - s < 15 ? 40 - s : 15;
    const tf_step step = {(int32_t)((uint32_t)k << shift), 40 - s - shift};
    return step;
}

/* Whether a times its share fits a word; if not, the quick way is closed. */
static inline int tf_step_fits(tf_step step, int32_t a) {
    const uint32_t end = 0x80000000u >> step.lift;
    return (uint32_t)a + end <= 2 * end - 1;
}

/* RS(a k, s - 8) plus the random byte, the lowest of word: 256 times the step, rounded down. Below 2^30 + 2^8. */
static inline int32_t tf_step_sum(tf_step step, int32_t a, uint32_t word) {
    const uint64_t product = (uint64_t)((int64_t)(a * ((int32_t)1 << step.lift)) * step.scaled);
    return (int32_t)(uint32_t)((product + 0x80000000u) >> 32) + (int32_t)(word & 255u);
}

/* tf_step_weights for any shift, and for weights without fractions (f null), which a random byte more rounds. */
void tf_step_weights_slowly(int32_t n, const int32_t *acc, uint16_t km, int32_t s, uint32_t base, uint32_t i, int8_t *w,
                            uint8_t *f);

/* n neighbouring weights of one output channel, the first of index i, step against their gradient sums; f may be null.
 */
static inline void tf_step_weights(int32_t n, const int32_t *acc, uint16_t km, int32_t s, uint32_t base, uint32_t i,
                                   int8_t *w, uint8_t *f) {
    int quick = f && tf_step_is_quick(s);
    const tf_step step = tf_step_of(km, quick ? s : TF_STEP_LAST);
    for (int32_t j = 0; j < n; j++) {
        quick = quick && tf_step_fits(step, acc[j]);
    }
    if (!quick) {
        tf_step_weights_slowly(n, acc, km, s, base, i, w, f);
        return;
    }
    for (int32_t j = 0; j < n;) {
        uint32_t word = tf_random_word(base, i) >> (8 * (i & 3u));
        do {
            /* 256 times the stored V = 256 w + f, rounded up where it is stepped: V - (sum >> 8) is its upper part. */
            const int32_t v = w[j] * 65536 + f[j] * 256 + 255 - tf_step_sum(step, acc[j], word);
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
