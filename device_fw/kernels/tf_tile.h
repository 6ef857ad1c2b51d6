#ifndef TF_TILE_H
#define TF_TILE_H

#include "tf_dsp.h"

/*
 * A tile holds K values each of four pixels as int16, laid out for the dot product of four pixels with one int8 row:
 * [K / 4][pixel 0..3][values 4k, 4k + 2, 4k + 1, 4k + 3], the order in which SXTB16 unpacks four weights. K is rounded
 * up to a multiple of 4; the values beyond are 0. A tile is 4-byte aligned.
 */
#define TF_TILE 4

static inline int32_t tf_tile_groups(int32_t k) { return (k + 3) / 4; }

/* Elements (int16) of a tile. */
static inline int32_t tf_tile_elements(int32_t k) { return 16 * tf_tile_groups(k); }

/*
 * acc[p] += sum over groups of w[4g ..] x[p][4g ..]; w: int8 [4 * groups], any alignment; groups >= 1. Where K is no
 * multiple of 4, w is read up to 3 bytes beyond K (times 0): hand over such a row by copy if that leaves the array. On
 * a Cortex-M this is 16 instructions for 16 products (a word of weights serves four pixels) and half a loop's end.
 */
#ifdef __ARM_FEATURE_DSP
static inline void tf_tile_dot(int32_t groups, const int8_t *w, const int16_t *tile, int32_t acc[TF_TILE]) {
    int32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3];
    const int16_t *const end = tile + 16 * groups;
    uint32_t even, odd, x0, x1;
    __asm__ volatile("1:\n\t"
                     "ldr %[odd], [%[w]], #4\n\t"
                     "ldrd %[x0], %[x1], [%[x]], #8\n\t"
                     "sxtb16 %[even], %[odd]\n\t"
                     "sxtb16 %[odd], %[odd], ror #8\n\t"
                     "smlad %[a0], %[x0], %[even], %[a0]\n\t"
                     "smlad %[a0], %[x1], %[odd], %[a0]\n\t"
                     "ldrd %[x0], %[x1], [%[x]], #8\n\t"
                     "smlad %[a1], %[x0], %[even], %[a1]\n\t"
                     "smlad %[a1], %[x1], %[odd], %[a1]\n\t"
                     "ldrd %[x0], %[x1], [%[x]], #8\n\t"
                     "smlad %[a2], %[x0], %[even], %[a2]\n\t"
                     "smlad %[a2], %[x1], %[odd], %[a2]\n\t"
                     "ldrd %[x0], %[x1], [%[x]], #8\n\t"
                     "smlad %[a3], %[x0], %[even], %[a3]\n\t"
                     "smlad %[a3], %[x1], %[odd], %[a3]\n\t"
                     "cmp %[x], %[end]\n\t"
                     "bne 1b\n\t"
                     : [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3), [w] "+r"(w), [x] "+r"(tile),
                       [even] "=&r"(even), [odd] "=&r"(odd), [x0] "=&r"(x0), [x1] "=&r"(x1)
                     : [end] "r"(end)
                     : "cc", "memory");
    acc[0] = a0;
    acc[1] = a1;
    acc[2] = a2;
    acc[3] = a3;
}
#else
static inline void tf_tile_dot(int32_t groups, const int8_t *w, const int16_t *tile, int32_t acc[TF_TILE]) {
    for (int32_t g = 0; g < groups; g++, w += 4) {
        for (int32_t p = 0; p < TF_TILE; p++, tile += 4) {
            acc[p] += w[0] * tile[0] + w[2] * tile[1] + w[1] * tile[2] + w[3] * tile[3];
        }
    }
}
#endif

#endif
