#ifndef TF_DSP_H
#define TF_DSP_H

#include <stdint.h>
#include <string.h>

#include "tf_arith.h"

/*
 * The instructions of Armv7E-M's DSP extension that the fast kernels are written in, by Arm's names, and exact
 * stand-ins in C: with -DTF_DSP=1 the very same kernels run on any machine, so that their bits can be compared with the
 * portable ones.
 */
#ifndef TF_DSP
#ifdef __ARM_FEATURE_DSP
#define TF_DSP 1
#else
#define TF_DSP 0
#endif
#endif

/* Four bytes from any address. */
static inline uint32_t tf_load4(const void *at) {
    uint32_t word;
    memcpy(&word, at, 4);
    return word;
}

/* The low and the high half as signed numbers, and their inverse. */
static inline int32_t tf_low(uint32_t word) { return (int16_t)(word & 0xffffu); }

static inline int32_t tf_high(uint32_t word) { return (int16_t)(word >> 16); }

static inline uint32_t tf_halves(int32_t low, int32_t high) { return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16; }

#ifdef __ARM_FEATURE_DSP

/* Bytes 0 and 2, sign-extended to the two halves. */
static inline uint32_t tf_sxtb16(uint32_t bytes) {
    uint32_t out;
    __asm__("sxtb16 %0, %1" : "=r"(out) : "r"(bytes));
    return out;
}

/* Bytes 1 and 3. */
static inline uint32_t tf_sxtb16_ror8(uint32_t bytes) {
    uint32_t out;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(out) : "r"(bytes));
    return out;
}

/* Halves of `add` plus bytes 0 and 2, or 1 and 3, of `bytes`. */
static inline uint32_t tf_sxtab16(uint32_t add, uint32_t bytes) {
    uint32_t out;
    __asm__("sxtab16 %0, %1, %2" : "=r"(out) : "r"(add), "r"(bytes));
    return out;
}

static inline uint32_t tf_sxtab16_ror8(uint32_t add, uint32_t bytes) {
    uint32_t out;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(out) : "r"(add), "r"(bytes));
    return out;
}

/* acc + low * low + high * high */
static inline int32_t tf_smlad(uint32_t a, uint32_t b, int32_t acc) {
    int32_t out;
    __asm__("smlad %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

/* acc + one half of a times one half of b: b is for bottom (low), t for top (high). */
#define TF_SMLA(name, instruction, half_a, half_b)                                                                     \
    static inline int32_t name(uint32_t a, uint32_t b, int32_t acc) {                                                  \
        int32_t out;                                                                                                   \
        __asm__(instruction " %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));                                 \
        return out;                                                                                                    \
    }

#else

static inline uint32_t tf_sxtb16(uint32_t bytes) {
    return tf_halves((int8_t)(bytes & 255u), (int8_t)(bytes >> 16 & 255u));
}

static inline uint32_t tf_sxtb16_ror8(uint32_t bytes) { return tf_sxtb16(bytes >> 8); }

static inline uint32_t tf_sxtab16(uint32_t add, uint32_t bytes) {
    return tf_halves(tf_low(add) + (int8_t)(bytes & 255u), tf_high(add) + (int8_t)(bytes >> 16 & 255u));
}

static inline uint32_t tf_sxtab16_ror8(uint32_t add, uint32_t bytes) { return tf_sxtab16(add, bytes >> 8); }

static inline int32_t tf_smlad(uint32_t a, uint32_t b, int32_t acc) {
    return acc + tf_low(a) * tf_low(b) + tf_high(a) * tf_high(b);
}

#define TF_SMLA(name, instruction, half_a, half_b)                                                                     \
    static inline int32_t name(uint32_t a, uint32_t b, int32_t acc) { return acc + half_a(a) * half_b(b); }

#endif

TF_SMLA(tf_smlabb, "smlabb", tf_low, tf_low)
TF_SMLA(tf_smlabt, "smlabt", tf_low, tf_high)
TF_SMLA(tf_smlatb, "smlatb", tf_high, tf_low)
TF_SMLA(tf_smlatt, "smlatt", tf_high, tf_high)

#endif
