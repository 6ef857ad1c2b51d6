#ifndef TF_DEPTHWISE_LINE_H
#define TF_DEPTHWISE_LINE_H

#include "tf_four_outputs.h"
#include "tf_planes.h"

/*
 * Four or more neighbouring outputs of one channel, on planes (tf_planes.h). The assembly loads this in this order:
 * first from bias on, then what lies before it.
 */
typedef struct {
    tf_outputs outputs; /* end: where x stands after the last four outputs */
    int32_t next;       /* bytes from behind the last input row to the next four outputs' first one */
    int32_t bias[4];
    const uint32_t *taps, *taps_end; /* of the input rows met: tf_taps_words each */
    int32_t row_bytes;               /* of the planes of one input row */
} tf_depthwise_line;

#ifdef __ARM_FEATURE_DSP

/*
 * One input row: r0, r1, r2, r8 += sum over taps t of w[t] x[stride i + t], i = 0 .. 3. taps in r9, x in %[x]; r3, r4
 * (and r12) hold words of taps, r5, r6, r12 words of two pixels: (0, 1) stands at x, (2, 3) at x + 4, (4, 5) at x + 32.
 */
#define TF_TAPS_3_STRIDE_1                                                                                             \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldrd r5, r6, [%[x]]\n\t"                                                                                          \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlabt r1, r3, r5, r1\n\t"                                                                                        \
    "smlad r2, r3, r6, r2\n\t"                                                                                         \
    "smlabt r8, r3, r6, r8\n\t"                                                                                        \
    "ldr r5, [%[x], #32]\n\t"                                                                                          \
    "smlatb r0, r4, r6, r0\n\t"                                                                                        \
    "smlad r1, r4, r6, r1\n\t"                                                                                         \
    "smlatb r2, r4, r5, r2\n\t"                                                                                        \
    "smlad r8, r4, r5, r8\n\t"

/* Taps (0, 1) and (1, 2) of more than three, then pixels 2 to 7. */
#define TF_TAPS_FIRST                                                                                                  \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldrd r5, r6, [%[x]]\n\t"                                                                                          \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlabt r1, r3, r5, r1\n\t"                                                                                        \
    "smlad r2, r3, r6, r2\n\t"                                                                                         \
    "smlabt r8, r3, r6, r8\n\t"                                                                                        \
    "smlad r1, r4, r6, r1\n\t"                                                                                         \
    "ldrd r5, r12, [%[x], #32]\n\t"                                                                                    \
    "smlad r8, r4, r5, r8\n\t"                                                                                         \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "smlad r0, r3, r6, r0\n\t"                                                                                         \
    "smlad r1, r4, r5, r1\n\t"                                                                                         \
    "smlad r2, r3, r5, r2\n\t"                                                                                         \
    "smlad r8, r4, r12, r8\n\t"

#define TF_TAPS_5_STRIDE_1                                                                                             \
    TF_TAPS_FIRST                                                                                                      \
    "smlatb r0, r4, r5, r0\n\t"                                                                                        \
    "smlatb r2, r4, r12, r2\n\t"

#define TF_TAPS_7_STRIDE_1                                                                                             \
    TF_TAPS_FIRST                                                                                                      \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldr r6, [%[x], #64]\n\t"                                                                                          \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlad r1, r4, r12, r1\n\t"                                                                                        \
    "smlad r2, r3, r12, r2\n\t"                                                                                        \
    "smlad r8, r4, r6, r8\n\t"                                                                                         \
    "smlatb r0, r4, r12, r0\n\t"                                                                                       \
    "smlatb r2, r4, r6, r2\n\t"

#define TF_TAPS_3_STRIDE_2                                                                                             \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldrd r5, r6, [%[x]]\n\t"                                                                                          \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlad r1, r3, r6, r1\n\t"                                                                                         \
    "smlatb r0, r4, r6, r0\n\t"                                                                                        \
    "ldrd r5, r6, [%[x], #32]\n\t"                                                                                     \
    "smlatb r1, r4, r5, r1\n\t"                                                                                        \
    "smlad r2, r3, r5, r2\n\t"                                                                                         \
    "smlatb r2, r4, r6, r2\n\t"                                                                                        \
    "smlad r8, r3, r6, r8\n\t"                                                                                         \
    "ldr r5, [%[x], #64]\n\t"                                                                                          \
    "smlatb r8, r4, r5, r8\n\t"

#define TF_TAPS_5_STRIDE_2                                                                                             \
    "ldmia r9!, {r3, r4, r12}\n\t"                                                                                     \
    "ldrd r5, r6, [%[x]]\n\t"                                                                                          \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlad r1, r3, r6, r1\n\t"                                                                                         \
    "smlad r0, r4, r6, r0\n\t"                                                                                         \
    "ldrd r5, r6, [%[x], #32]\n\t"                                                                                     \
    "smlatb r0, r12, r5, r0\n\t"                                                                                       \
    "smlad r1, r4, r5, r1\n\t"                                                                                         \
    "smlad r2, r3, r5, r2\n\t"                                                                                         \
    "smlatb r1, r12, r6, r1\n\t"                                                                                       \
    "smlad r2, r4, r6, r2\n\t"                                                                                         \
    "smlad r8, r3, r6, r8\n\t"                                                                                         \
    "ldrd r5, r6, [%[x], #64]\n\t"                                                                                     \
    "smlatb r2, r12, r5, r2\n\t"                                                                                       \
    "smlad r8, r4, r5, r8\n\t"                                                                                         \
    "smlatb r8, r12, r6, r8\n\t"

#define TF_TAPS_7_STRIDE_2                                                                                             \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldrd r5, r6, [%[x]]\n\t"                                                                                          \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlad r1, r3, r6, r1\n\t"                                                                                         \
    "smlad r0, r4, r6, r0\n\t"                                                                                         \
    "ldrd r5, r12, [%[x], #32]\n\t"                                                                                    \
    "ldr r6, [%[x], #64]\n\t"                                                                                          \
    "smlad r1, r4, r5, r1\n\t"                                                                                         \
    "smlad r2, r3, r5, r2\n\t"                                                                                         \
    "smlad r2, r4, r12, r2\n\t"                                                                                        \
    "smlad r8, r3, r12, r8\n\t"                                                                                        \
    "smlad r8, r4, r6, r8\n\t"                                                                                         \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlatb r0, r4, r12, r0\n\t"                                                                                       \
    "smlad r1, r3, r12, r1\n\t"                                                                                        \
    "smlatb r1, r4, r6, r1\n\t"                                                                                        \
    "smlad r2, r3, r6, r2\n\t"                                                                                         \
    "ldr r5, [%[x], #68]\n\t"                                                                                          \
    "ldr r6, [%[x], #96]\n\t"                                                                                          \
    "smlatb r2, r4, r5, r2\n\t"                                                                                        \
    "smlad r8, r3, r5, r8\n\t"                                                                                         \
    "smlatb r8, r4, r6, r8\n\t"

#define TF_DEPTHWISE_LINE(row)                                                                                         \
    __asm__ volatile("1:\n\t"                                                                                          \
                     "ldmia %[at], {r0, r1, r2, r8, r9, r10, r11}\n"                                                   \
                     "2:\n\t" row "cmp r9, r10\n\t"                                                                    \
                     "add %[x], %[x], r11\n\t"                                                                         \
                     "bne 2b\n\t"                                                                                      \
                     "ldmdb %[at], {r3, r4, r5, r6, r9, r10, r11, r12}\n\t" TF_STORE_FOUR "add %[x], %[x], r12\n\t"    \
                     "cmp %[x], r10\n\t"                                                                               \
                     "str r11, [%[at], #-8]\n\t"                                                                       \
                     "bne 1b\n\t"                                                                                      \
                     : [x] "+r"(x)                                                                                     \
                     : [at] "r"(line->bias)                                                                            \
                     : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "cc", "memory")

/* k: 3, 5 or 7; stride: 1 or 2; x: planes of the first input row. Advances outputs.y. */
static inline void tf_depthwise_line_run(int32_t k, int32_t stride, tf_depthwise_line *line, const uint32_t *x) {
    switch (2 * k + stride) {
    case 2 * 3 + 1:
        TF_DEPTHWISE_LINE(TF_TAPS_3_STRIDE_1);
        break;
    case 2 * 3 + 2:
        TF_DEPTHWISE_LINE(TF_TAPS_3_STRIDE_2);
        break;
    case 2 * 5 + 1:
        TF_DEPTHWISE_LINE(TF_TAPS_5_STRIDE_1);
        break;
    case 2 * 5 + 2:
        TF_DEPTHWISE_LINE(TF_TAPS_5_STRIDE_2);
        break;
    case 2 * 7 + 1:
        TF_DEPTHWISE_LINE(TF_TAPS_7_STRIDE_1);
        break;
    default:
        TF_DEPTHWISE_LINE(TF_TAPS_7_STRIDE_2);
    }
}

#else

/* The halves of the words of taps that hold each tap once: stride 1: (0, 1), (1, 2) ..; stride 2: (0, 1), (2, 3) ... */
static inline int32_t tf_tap(int32_t k, int32_t stride, const uint32_t *taps, int32_t t) {
    if (t == k - 1) {
        return tf_high(taps[tf_taps_words(k, stride) - 1]);
    }
    return t % 2 == 0 ? tf_low(taps[stride == 1 ? t : t / 2]) : tf_high(taps[stride == 1 ? t - 1 : t / 2]);
}

static inline void tf_depthwise_line_run(int32_t k, int32_t stride, tf_depthwise_line *line, const uint32_t *x) {
    tf_outputs *outputs = &line->outputs;
    for (; x != outputs->end; x += line->next / 4) {
        int32_t acc[4];
        memcpy(acc, line->bias, sizeof acc);
        for (const uint32_t *taps = line->taps; taps != line->taps_end; taps += tf_taps_words(k, stride)) {
            for (int32_t i = 0; i < 4; i++) {
                for (int32_t t = 0; t < k; t++) {
                    acc[i] += tf_tap(k, stride, taps, t) * tf_planes_value(x, stride * i + t);
                }
            }
            x += line->row_bytes / 4;
        }
        for (int32_t i = 0; i < 4; i++, outputs->y += outputs->step) {
            *outputs->y = (int8_t)tf_scaled(acc[i], &outputs->scale);
        }
    }
}

#endif

#endif
