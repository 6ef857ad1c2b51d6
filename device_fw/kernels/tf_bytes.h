#ifndef TF_BYTES_H
#define TF_BYTES_H

#include "tf_dsp.h"

/* Four int8 or uint8 in a word, by the DSP extension. */

static inline void tf_store4(void *at, uint32_t word) { memcpy(at, &word, 4); }

#ifdef __ARM_FEATURE_DSP

/* Bytes of `kept` where y < end (signed), else 0. */
static inline uint32_t tf_bytes_below(uint32_t y, uint32_t end, uint32_t kept) {
    uint32_t out;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %3, %4" : "=&r"(out) : "r"(y), "r"(end), "r"(0), "r"(kept) : "cc");
    return out;
}

/* Bytes of `kept` where y > limit. */
static inline uint32_t tf_bytes_above(uint32_t y, uint32_t limit, uint32_t kept) {
    return tf_bytes_below(limit, y, kept);
}

/* acc plus the four bytes. */
static inline uint32_t tf_bytes_sum(uint32_t bytes, uint32_t acc) {
    uint32_t out;
    __asm__("usada8 %0, %1, %2, %3" : "=r"(out) : "r"(bytes), "r"(0), "r"(acc));
    return out;
}

#else

static inline uint32_t tf_bytes_below(uint32_t y, uint32_t end, uint32_t kept) {
    uint32_t out = 0;
    for (uint32_t at = 0; at < 32; at += 8) {
        out |= (int8_t)(y >> at & 255u) < (int8_t)(end >> at & 255u) ? kept & 255u << at : 0;
    }
    return out;
}

static inline uint32_t tf_bytes_above(uint32_t y, uint32_t limit, uint32_t kept) {
    return tf_bytes_below(limit, y, kept);
}

static inline uint32_t tf_bytes_sum(uint32_t bytes, uint32_t acc) {
    return acc + (bytes & 255u) + (bytes >> 8 & 255u) + (bytes >> 16 & 255u) + (bytes >> 24);
}

#endif

#endif
