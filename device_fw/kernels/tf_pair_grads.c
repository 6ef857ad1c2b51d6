#include "tf_pair_grads.h"
#include "tf_naked.h"
#include "tf_pair_group.h"
#include <stddef.h>

#if TF_DSP
#if defined(__ARM_FEATURE_DSP) && TF_GRAD_BITS == 8

_Static_assert(offsetof(tf_grads, saturated) == 16 && offsetof(tf_pair_grads, end) == 20 &&
                   offsetof(tf_pair_grads, weights) == 28,
               "as the assembly has it");

/* On the stack: where the pair of pixels ends, grads, where to enter the round of groups. */
TF_NAKED void tf_pair_grads_run(int32_t groups TF_UNREAD, tf_pair_grads *grads TF_UNREAD,
                                const int16_t *pixels TF_UNREAD) {
    __asm__("push {r0, r1, r2, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t" TF_PAIR_ENTRY "str r4, [sp, #8]\n\t"
            "mov r11, r1\n\t"
            "ldr r10, [r11, #24]\n"
            "2:\n\t"
            "add r4, r2, r10\n\t"
            "str r4, [sp]\n\t"
            "ldr r1, [r11, #28]\n\t"
            "mov r0, #0\n\t"
            "mov r3, #0\n\t"
            "mov r12, #0\n\t"
            "mov lr, #0\n\t"
            "ldr pc, [sp, #8]\n\t" TF_PAIR_GROUPS "ldr r11, [sp, #4]\n\t"
            "ldmia r11, {r5, r6, r7, r8, r9, r10}\n\t" TF_GRADS_FINISH("r0", "[r6]", "1")
                TF_GRADS_FINISH("r12", "[r6, #1]", "2") "add r6, r6, r7\n\t" TF_GRADS_FINISH("r3", "[r6]", "3")
                    TF_GRADS_FINISH("lr", "[r6, #1]",
                                    "4") "add r6, r6, r7\n\t"
                                         "str r6, [r11, #4]\n\t"
                                         "ldrd r9, r10, [r11, #20]\n\t"
                                         "cmp r2, r9\n\t"
                                         "bne 2b\n\t"
                                         "pop {r0, r1, r2, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n" TF_GRADS_CLAMP("1")
                                             TF_GRADS_CLAMP("2") TF_GRADS_CLAMP("3") TF_GRADS_CLAMP("4")
                                                 TF_GRADS_CLAMPED);
}

#else

void tf_pair_grads_run(int32_t groups, tf_pair_grads *grads, const int16_t *pixels) {
    tf_grads *to = &grads->to;
    for (; pixels != grads->end; pixels += 8 * groups, to->grad_x += 2 * to->step) {
        int32_t acc[TF_PAIR_PRODUCTS] = {0};
        tf_pair_dot(groups, grads->weights, pixels, acc);
        tf_grads_finish(to, acc[0], 0);
        tf_grads_finish(to, acc[2], 1);
        tf_grads_finish(to, acc[1], to->step);
        tf_grads_finish(to, acc[3], to->step + 1);
    }
}

#endif
#endif
