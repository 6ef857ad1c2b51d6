#ifndef TF_GRADS_H
#define TF_GRADS_H

#include "tf_finish.h"

/*
 * How the assembly of the fast input gradients finishes sums, by the quick way of tf_finish.h; in the order in which it
 * loads this.
 */
typedef struct {
    int32_t scaled;
    tf_grad *grad_x; /* the next */
    int32_t step;    /* elements; what it leads to is the kernel's affair */
    int32_t keep;    /* -1 to accumulate, else 0 */
    uint32_t saturated;
} tf_grads;

static inline tf_grads tf_grads_of(const tf_finish *finish, int32_t gm, int32_t step, tf_grad *grad_x) {
    const tf_grads to = {tf_finish_scaled(finish, gm), grad_x, step, -(int32_t)(finish->accumulate != 0), 0};
    return to;
}

/* Finishes grad_x[at]. */
static inline void tf_grads_finish(tf_grads *to, int32_t acc, int32_t at) {
    tf_finish_sum(acc, to->scaled, to->grad_x[at] & to->keep, &to->grad_x[at], &to->saturated);
}

/*
 * The same in assembly, 8-bit gradients: sum in `acc`, tf_grads in r5, r6, r7, r8, its address in r11; at: where the
 * gradient is. Uses r1, r4 and r9. Each use in a function has its own digit and a TF_GRADS_CLAMP behind the function's
 * end, where TF_GRADS_CLAMPED is the last.
 */
#define TF_GRADS_FINISH(acc, at, digit)                                                                                \
    "ldrsb r4, " at "\n\t"                                                                                             \
    "mov r1, #0x80000000\n\t"                                                                                          \
    "and r4, r4, r8\n\t"                                                                                               \
    "smlal r1, r4, " acc ", r5\n\t"                                                                                    \
    "clz r1, r1\n\t"             /* 32 for a tie, */                                                                   \
    "bic r4, r4, r1, lsr #5\n\t" /* which was rounded up */                                                            \
    "add r1, r4, #127\n\t"                                                                                             \
    "cmp r1, #254\n\t"                                                                                                 \
    "bhi 3" digit "f\n"                                                                                                \
    "4" digit ":\n\t"                                                                                                  \
    "strb r4, " at "\n\t"

#define TF_GRADS_CLAMP(digit)                                                                                          \
    "3" digit ":\n\t"                                                                                                  \
    "adr r9, 4" digit "b\n\t"                                                                                          \
    "b 30f\n"

#define TF_GRADS_CLAMPED                                                                                               \
    "30:\n\t"                                                                                                          \
    "asr r4, r4, #31\n\t"                                                                                              \
    "orr r4, r4, #1\n\t"                                                                                               \
    "rsb r4, r4, r4, lsl #7\n\t" /* 127 times the sign */                                                              \
    "ldr r1, [r11, #16]\n\t"                                                                                           \
    "add r1, r1, #1\n\t"                                                                                               \
    "str r1, [r11, #16]\n\t"                                                                                           \
    "mov pc, r9\n\t"

#endif
