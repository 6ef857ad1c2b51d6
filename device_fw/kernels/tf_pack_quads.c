#include "tf_naked.h"
#include "tf_pair.h"

#if TF_DSP

#ifdef __ARM_FEATURE_DSP

/* Rows in r4 to r7, then as int16 in r8 and r9, columns 0 and 2, 1 and 3, of the upper of two rows, r4 or r6 the lower.
 */
#define TF_TWO_ROWS(a, b)                                                                                              \
    "sxtab16 r8, r3, " a "\n\t"                                                                                        \
    "sxtab16 " a ", r3, " a ", ror #8\n\t"                                                                             \
    "sxtab16 r9, r3, " b "\n\t"                                                                                        \
    "sxtab16 " b ", r3, " b ", ror #8\n\t"

/* 25 instructions for 16 values. r10: three steps; r0: the end of the first pair, which is at r12, the second at lr. */
TF_NAKED void tf_pack_quads(int32_t groups TF_UNREAD, const int8_t *first TF_UNREAD, int32_t step TF_UNREAD,
                            uint32_t adds TF_UNREAD, int16_t *pairs TF_UNREAD, int16_t *second TF_UNREAD) {
    __asm__(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldrd r12, lr, [sp, #36]\n\t"
        "add r0, r12, r0, lsl #4\n\t"
        "add r10, r2, r2, lsl #1\n"
        "1:\n\t"
        "ldr r4, [r1]\n\t"
        "ldr r5, [r1, r2]\n\t"
        "ldr r6, [r1, r2, lsl #1]\n\t"
        "ldr r7, [r1, r10]\n\t"
        "add r1, r1, r2, lsl #2\n\t" TF_TWO_ROWS(
            "r4", "r5") "pkhbt r11, r8, r9, lsl #16\n\t"
                        "pkhtb r9, r9, r8, asr #16\n\t"
                        "pkhbt r8, r4, r5, lsl #16\n\t"
                        "pkhtb r5, r5, r4, asr #16\n\t"
                        "str r11, [r12], #8\n\t"
                        "str r8, [r12], #-4\n\t"
                        "str r9, [lr], #8\n\t"
                        "str r5, [lr], #-4\n\t" TF_TWO_ROWS("r6", "r7") "pkhbt r11, r8, r9, lsl #16\n\t"
                                                                        "pkhtb r9, r9, r8, asr #16\n\t"
                                                                        "pkhbt r8, r6, r7, lsl #16\n\t"
                                                                        "pkhtb r7, r7, r6, asr #16\n\t"
                                                                        "str r8, [r12, #8]\n\t"
                                                                        "str r11, [r12], #12\n\t"
                                                                        "str r7, [lr, #8]\n\t"
                                                                        "str r9, [lr], #12\n\t"
                                                                        "cmp r12, r0\n\t"
                                                                        "bne 1b\n\t"
                                                                        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#else

void tf_pack_quads(int32_t groups, const int8_t *first, int32_t step, uint32_t adds, int16_t *pairs, int16_t *second) {
    for (int32_t k = 0; k < 2 * groups; k++, first += 2 * step) {
        const tf_pixel a = tf_pixel_of(first, adds), b = tf_pixel_of(first + step, adds);
        const int32_t at = k / 2 * 8 + k % 2 * 2;
        tf_store4(pairs + at, tf_pack_low(a.even, b.even));
        tf_store4(pairs + at + 4, tf_pack_low(a.odd, b.odd));
        tf_store4(second + at, tf_pack_high(a.even, b.even));
        tf_store4(second + at + 4, tf_pack_high(a.odd, b.odd));
    }
}

#endif

#endif
