#include "tf_naked.h"
#include "tf_pair.h"
#include "tf_pair_group.h"

#if TF_DSP
#ifdef __ARM_FEATURE_DSP

TF_NAKED void tf_pair_dot(int32_t groups TF_UNREAD, const int16_t *a TF_UNREAD, const int16_t *b TF_UNREAD,
                          int32_t acc[TF_PAIR_PRODUCTS] TF_UNREAD) {
    __asm__("push {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
            "add r4, r2, r0, lsl #4\n\t"
            "str r4, [sp]\n\t" TF_PAIR_ENTRY "ldmia.w r3, {r0, r3, r12, lr}\n\t"
            "bx r4\n\t" TF_PAIR_GROUPS "ldr r4, [sp, #4]\n\t"
            "stmia.w r4, {r0, r3, r12, lr}\n\t"
            "add sp, #8\n\t"
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#else

void tf_pair_dot(int32_t groups, const int16_t *a, const int16_t *b, int32_t acc[TF_PAIR_PRODUCTS]) {
    for (int32_t g = 0; g < groups; g++, a += 8, b += 8) {
        for (int32_t i = 0; i < TF_PAIR_PRODUCTS; i++) {
            for (int32_t k = 0; k < 4; k++) {
                const uint32_t product = (uint32_t)(a[4 * (i >> 1) + k] * b[4 * (i & 1) + k]);
                acc[i] = (int32_t)((uint32_t)acc[i] + product);
            }
        }
    }
}

#endif
#endif
