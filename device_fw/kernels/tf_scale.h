#ifndef TF_SCALE_H
#define TF_SCALE_H

#include "tf_arith.h"
#include "tf_dsp.h"
#include "tf_forward.h"

/*
 * Requantisation by the high word of the product, exact for these shifts: RS(v, s) + z = (high + rounding) >> (s - 32)
 * with rounding = 2^(s - 33) + z 2^(s - 32), and no sum leaves int32.
 */
#define TF_SCALE_FIRST 33
#define TF_SCALE_LAST 54

typedef struct {
    int32_t m, rounding;
    int32_t shift;
} tf_scale;

static inline int tf_scale_fits(int32_t s) { return s >= TF_SCALE_FIRST && s <= TF_SCALE_LAST; }

static inline tf_scale tf_scale_of(const tf_requant *rq, int32_t c) {
    const int32_t shift = rq->s[c] - 32;
    const tf_scale scale = {rq->m[c], (2 * rq->zero_point + 1) * ((int32_t)1 << (shift - 1)), shift};
    return scale;
}

/* SAT(RS(acc m, s) + zero_point, -128, 127) */
static inline int32_t tf_scaled(int32_t acc, const tf_scale *scale) {
#ifdef __ARM_FEATURE_DSP
    int32_t y;
    __asm__("smmla %0, %1, %2, %3" : "=r"(y) : "r"(acc), "r"(scale->m), "r"(scale->rounding));
    __asm__("asr %0, %0, %1" : "+r"(y) : "r"(scale->shift));
    __asm__("ssat %0, #8, %0" : "+r"(y));
    return y;
#else
    const int32_t high = (int32_t)tf_floor_shift64((int64_t)acc * scale->m, 32);
    return (int32_t)tf_clamp64(tf_floor_shift32(high + scale->rounding, scale->shift), INT8_MIN, INT8_MAX);
#endif
}

static inline int tf_clamps_only_int8(const tf_requant *rq) { return rq->lo == INT8_MIN && rq->hi == INT8_MAX; }

#endif
