#include "tf_naked.h"
#include "tf_planes.h"

#if TF_DSP

#ifdef __ARM_FEATURE_DSP

/* The next tap, to `even` and `odd`, and the words of the one before it with it. */
#define TF_NEXT_TAP(before_even, before_odd, even, odd)                                                                \
    "ldr r4, [r0]\n\t"                                                                                                 \
    "add r0, r0, r1\n\t"                                                                                               \
    "sxtb16 " even ", r4\n\t"                                                                                          \
    "sxtb16 " odd ", r4, ror #8\n\t"                                                                                   \
    "pkhbt r4, " before_even ", " even ", lsl #16\n\t"                                                                 \
    "str r4, [r7], #4\n\t"                                                                                             \
    "pkhbt r4, " before_odd ", " odd ", lsl #16\n\t"                                                                   \
    "str r4, [r8], #4\n\t"                                                                                             \
    "pkhtb r4, " even ", " before_even ", asr #16\n\t"                                                                 \
    "str r4, [r9], #4\n\t"                                                                                             \
    "pkhtb r4, " odd ", " before_odd ", asr #16\n\t"                                                                   \
    "str r4, [r10], #4\n\t"

/* r7 to r10: where the channels' words go. */
TF_NAKED void tf_planes_taps(const int8_t *w TF_UNREAD, int32_t step TF_UNREAD, int32_t k TF_UNREAD,
                             int32_t rows TF_UNREAD, uint32_t *to TF_UNREAD) {
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
            "ldr r7, [sp, #36]\n\t"
            "sub r2, r2, #1\n\t"
            "mul r4, r2, r3\n\t"
            "add r8, r7, r4, lsl #2\n\t"
            "add r9, r8, r4, lsl #2\n\t"
            "add r10, r9, r4, lsl #2\n"
            "1:\n\t"
            "ldr r4, [r0]\n\t"
            "add r0, r0, r1\n\t"
            "sxtb16 r5, r4\n\t"
            "sxtb16 r6, r4, ror #8\n\t"
            "mov r11, r2\n"
            "2:\n\t" TF_NEXT_TAP("r5", "r6", "r12", "lr")
                TF_NEXT_TAP("r12", "lr", "r5", "r6") "subs r11, r11, #2\n\t"
                                                     "bne 2b\n\t"
                                                     "subs r3, r3, #1\n\t"
                                                     "bne 1b\n\t"
                                                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#else

void tf_planes_taps(const int8_t *w, int32_t step, int32_t k, int32_t rows, uint32_t *to) {
    for (int32_t r = 0; r < rows; r++, w += step) {
        for (int32_t t = 1; t < k; t++, w += step) {
            tf_store_pair(tf_pixel_of(w, 0), tf_pixel_of(w + step, 0), to++, rows * (k - 1));
        }
    }
}

#endif

#endif
