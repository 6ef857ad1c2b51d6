#include "tf_pair.h"

#if TF_DSP
#ifdef __ARM_FEATURE_DSP

/* One group: 16 products by 8 SMLADs, and two loads of four words each. Its code takes 40 bytes, see below. */
#define GROUP                                                                                                          \
    "ldmia.w r1!, {r4-r7}\n\t"                                                                                         \
    "ldmia.w r2!, {r8-r11}\n\t"                                                                                        \
    "smlad r0, r4, r8, r0\n\t"                                                                                         \
    "smlad r3, r4, r10, r3\n\t"                                                                                        \
    "smlad r12, r6, r8, r12\n\t"                                                                                       \
    "smlad lr, r6, r10, lr\n\t"                                                                                        \
    "smlad r0, r5, r9, r0\n\t"                                                                                         \
    "smlad r3, r5, r11, r3\n\t"                                                                                        \
    "smlad r12, r7, r9, r12\n\t"                                                                                       \
    "smlad lr, r7, r11, lr\n\t"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* the code below finds them in r0 to r3 */

/*
 * Takes every register there is, so the end of b stays on the stack, and four groups share the cost of meeting it:
 * 43 instructions for 64 products. Where the groups are no multiple of four, the first round enters in its middle.
 */
__attribute__((naked)) void tf_pair_dot(int32_t groups, const int16_t *a, const int16_t *b,
                                        int32_t acc[TF_PAIR_PRODUCTS]) {
    __asm__("push {r2-r11, lr}\n\t"
            "add r4, r2, r0, lsl #4\n\t"
            "str r4, [sp]\n\t"
            "rsb r0, r0, #0\n\t"
            "and r0, r0, #3\n\t"
            "add r0, r0, r0, lsl #2\n\t"
            "adr r4, 1f\n\t"
            "add r4, r4, r0, lsl #3\n\t" /* skips 40 bytes for each group that is missing */
            "ldmia.w r3, {r0, r3, r12, lr}\n\t"
            "mov pc, r4\n\t"
            ".balign 4\n"
            "1:\n\t" GROUP GROUP GROUP GROUP "ldr r4, [sp]\n\t"
            "cmp r2, r4\n\t"
            "bne 1b\n\t"
            "ldr r4, [sp, #4]\n\t"
            "stmia.w r4, {r0, r3, r12, lr}\n\t"
            "add sp, #8\n\t"
            "pop {r4-r11, pc}\n\t");
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
#else
typedef int tf_pair_dot_is_not_used; /* C has no empty translation units */
#endif
