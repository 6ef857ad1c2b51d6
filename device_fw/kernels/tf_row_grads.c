#include "tf_row_grads.h"
#include "tf_naked.h"
#include <stddef.h>

#if TF_DSP

void tf_row_sums(int32_t words, const tf_row_grads *grads, const tf_grad_row *row, int32_t position, int32_t acc[4]) {
    const int16_t *plane = grads->plane + (row->plane + position) / 2;
    const uint32_t *taps = grads->taps + row->taps / 4;
    acc[0] = acc[1] = acc[2] = acc[3] = 0;
    for (int32_t done = 0; done < row->span; done += grads->plane_step, plane += grads->plane_step / 2) {
        for (int32_t k = 0; k < words; k++, taps += 2) {
            const uint32_t here = tf_load4(plane + 2 * k), next = tf_load4(plane + 2 * k + 2);
            acc[0] = tf_smlad(taps[0], here, acc[0]);
            acc[1] = tf_smlad(taps[1], here, acc[1]);
            acc[2] = tf_smlad(taps[0], next, acc[2]);
            acc[3] = tf_smlad(taps[1], next, acc[3]);
        }
    }
}

#if defined(__ARM_FEATURE_DSP) && TF_GRAD_BITS == 8

_Static_assert(offsetof(tf_row_grads, rows) == 20 && offsetof(tf_row_grads, grad_x) == 44, "as the assembly has it");

/*
 * One row of the plane, at r2, and of taps, at r1, which advances. Sums of windows 0 to 3: r0, r3, r12, lr. Words of
 * taps in r4 to r7, of the plane in r8 to r11.
 */
#define TF_ROW_WORD(even, odd, here, next)                                                                             \
    "smlad r0, " even ", " here ", r0\n\t"                                                                             \
    "smlad r3, " odd ", " here ", r3\n\t"                                                                              \
    "smlad r12, " even ", " next ", r12\n\t"                                                                           \
    "smlad lr, " odd ", " next ", lr\n\t"

#define TF_ROW_WORDS_1                                                                                                 \
    "ldmia r1!, {r4, r5}\n\t"                                                                                          \
    "ldmia.w r2, {r8, r9}\n\t" TF_ROW_WORD("r4", "r5", "r8", "r9")

#define TF_ROW_WORDS_2                                                                                                 \
    "ldmia r1!, {r4, r5, r6, r7}\n\t"                                                                                  \
    "ldmia.w r2, {r8, r9, r10}\n\t" TF_ROW_WORD("r4", "r5", "r8", "r9") TF_ROW_WORD("r6", "r7", "r9", "r10")

#define TF_ROW_FIRST_WORDS                                                                                             \
    "ldmia r1!, {r4, r5, r6, r7}\n\t"                                                                                  \
    "ldmia.w r2, {r8, r9, r10, r11}\n\t" TF_ROW_WORD("r4", "r5", "r8", "r9") TF_ROW_WORD("r6", "r7", "r9", "r10")

#define TF_ROW_WORDS_3                                                                                                 \
    TF_ROW_FIRST_WORDS                                                                                                 \
    "ldmia r1!, {r4, r5}\n\t" TF_ROW_WORD("r4", "r5", "r10", "r11")

#define TF_ROW_WORDS_4                                                                                                 \
    TF_ROW_FIRST_WORDS                                                                                                 \
    "ldmia r1!, {r4, r5, r6, r7}\n\t"                                                                                  \
    "ldr r8, [r2, #16]\n\t" TF_ROW_WORD("r4", "r5", "r10", "r11") TF_ROW_WORD("r6", "r7", "r11", "r8")

#define TF_ROW_FINISH(acc, digit) TF_GRADS_FINISH(acc, "[r6]", digit) "add r6, r6, r7\n\t"

/*
 * On the stack: plane_step, where the rows met by a window end, grads, the row's taps, its span, where it ends, and the
 * code that meets one row of the plane.
 */
TF_NAKED void tf_row_grads_run(int32_t words TF_UNREAD, tf_row_grads *grads TF_UNREAD) {
    __asm__(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "sub sp, #28\n\t"
        "mov r11, r1\n\t"
        "str r1, [sp, #8]\n\t"
        "adr r2, 11f\n\t"
        "adr r3, 12f\n\t"
        "adr r4, 13f\n\t"
        "adr r5, 14f\n\t"
        "cmp r0, #2\n\t"
        "it eq\n\t"
        "moveq r2, r3\n\t"
        "cmp r0, #3\n\t"
        "it eq\n\t"
        "moveq r2, r4\n\t"
        "cmp r0, #4\n\t"
        "it eq\n\t"
        "moveq r2, r5\n\t"
        "orr r2, r2, #1\n\t"
        "str r2, [sp, #24]\n\t"
        "ldr r4, [r11, #36]\n\t"
        "str r4, [sp]\n"
        "3:\n\t"
        "ldr r4, [r11, #20]\n\t"
        "ldmia r4!, {r5, r6, r7, r8}\n\t"
        "str r4, [r11, #20]\n\t"
        "ldr r9, [r11, #44]\n\t"
        "add r9, r9, r8\n\t"
        "str r9, [r11, #4]\n\t"
        "ldrd r4, r2, [r11, #28]\n\t"
        "add r4, r4, r6\n\t"
        "add r2, r2, r7\n\t"
        "strd r4, r5, [sp, #12]\n\t"
        "ldr r9, [r11, #40]\n\t"
        "add r9, r9, r2\n\t"
        "str r9, [sp, #20]\n"
        "2:\n\t"
        "ldrd r1, r4, [sp, #12]\n\t"
        "add r4, r4, r2\n\t"
        "str r4, [sp, #4]\n\t"
        "mov r0, #0\n\t"
        "mov r3, #0\n\t"
        "mov r12, #0\n\t"
        "mov lr, #0\n"
        "1:\n\t"
        "ldr pc, [sp, #24]\n\t"
        ".balign 4\n"
        "14:\n\t" TF_ROW_WORDS_4 "b 4f\n\t"
        ".balign 4\n"
        "13:\n\t" TF_ROW_WORDS_3 "b 4f\n\t"
        ".balign 4\n"
        "11:\n\t" TF_ROW_WORDS_1 "b 4f\n\t"
        ".balign 4\n"
        "12:\n\t" TF_ROW_WORDS_2 "4:\n\t"
        "ldrd r4, r5, [sp]\n\t"
        "add r2, r2, r4\n\t"
        "cmp r2, r5\n\t"
        "bne 1b\n\t"
        "ldr r11, [sp, #8]\n\t"
        "ldmia r11, {r5, r6, r7, r8}\n\t" TF_ROW_FINISH("r0", "1") TF_ROW_FINISH("r3", "2") TF_ROW_FINISH("r12", "3")
            TF_ROW_FINISH("lr", "4") "str r6, [r11, #4]\n\t"
                                     "ldrd r4, r5, [sp, #16]\n\t"
                                     "sub r2, r2, r4\n\t"
                                     "add r2, r2, #8\n\t"
                                     "cmp r2, r5\n\t"
                                     "bne 2b\n\t"
                                     "ldrd r4, r5, [r11, #20]\n\t"
                                     "cmp r4, r5\n\t"
                                     "bne 3b\n\t"
                                     "add sp, #28\n\t"
                                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n" TF_GRADS_CLAMP("1")
                                         TF_GRADS_CLAMP("2") TF_GRADS_CLAMP("3") TF_GRADS_CLAMP("4") TF_GRADS_CLAMPED);
}

#else

void tf_row_grads_run(int32_t words, tf_row_grads *grads) {
    tf_grads *to = &grads->to;
    for (; grads->rows != grads->end; grads->rows++) {
        to->grad_x = grads->grad_x + grads->rows->grad_x;
        for (int32_t position = 0; position < grads->width; position += 8) {
            int32_t acc[4];
            tf_row_sums(words, grads, grads->rows, position, acc);
            for (int32_t i = 0; i < 4; i++, to->grad_x += to->step) {
                tf_grads_finish(to, acc[i], 0);
            }
        }
    }
}

#endif
#endif
