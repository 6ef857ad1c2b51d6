#include "tf_depthwise_line.h"
#include "tf_naked.h"
#include <stddef.h>

#if TF_DSP

#ifdef __ARM_FEATURE_DSP

_Static_assert(offsetof(tf_depthwise_line, bias) == 32 && offsetof(tf_depthwise_line, taps) == 48,
               "as the assembly has it");

/*
 * One input row: r0, r1, r2, r8 += sum over taps t of w[t] x[stride i + t], i = 0 .. 3. taps in r9, x in r7; r3, r4
 * (and r12) hold words of taps, r5, r6, r12 words of two pixels: (0, 1) stands at x, (2, 3) at x + 4, (4, 5) at x + 32.
 */
#define TF_TAPS_3_STRIDE_1                                                                                             \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldrd r5, r6, [r7]\n\t"                                                                                            \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlabt r1, r3, r5, r1\n\t"                                                                                        \
    "smlad r2, r3, r6, r2\n\t"                                                                                         \
    "smlabt r8, r3, r6, r8\n\t"                                                                                        \
    "ldr r5, [r7, #32]\n\t"                                                                                            \
    "smlatb r0, r4, r6, r0\n\t"                                                                                        \
    "smlad r1, r4, r6, r1\n\t"                                                                                         \
    "smlatb r2, r4, r5, r2\n\t"                                                                                        \
    "smlad r8, r4, r5, r8\n\t"

/* Taps (0, 1) and (1, 2) of more than three, then pixels 2 to 7. */
#define TF_TAPS_FIRST                                                                                                  \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldrd r5, r6, [r7]\n\t"                                                                                            \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlabt r1, r3, r5, r1\n\t"                                                                                        \
    "smlad r2, r3, r6, r2\n\t"                                                                                         \
    "smlabt r8, r3, r6, r8\n\t"                                                                                        \
    "smlad r1, r4, r6, r1\n\t"                                                                                         \
    "ldrd r5, r12, [r7, #32]\n\t"                                                                                      \
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
    "ldr r6, [r7, #64]\n\t"                                                                                            \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlad r1, r4, r12, r1\n\t"                                                                                        \
    "smlad r2, r3, r12, r2\n\t"                                                                                        \
    "smlad r8, r4, r6, r8\n\t"                                                                                         \
    "smlatb r0, r4, r12, r0\n\t"                                                                                       \
    "smlatb r2, r4, r6, r2\n\t"

#define TF_TAPS_3_STRIDE_2                                                                                             \
    "ldrd r3, r4, [r9], #8\n\t"                                                                                        \
    "ldrd r5, r6, [r7]\n\t"                                                                                            \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlad r1, r3, r6, r1\n\t"                                                                                         \
    "smlatb r0, r4, r6, r0\n\t"                                                                                        \
    "ldrd r5, r6, [r7, #32]\n\t"                                                                                       \
    "smlatb r1, r4, r5, r1\n\t"                                                                                        \
    "smlad r2, r3, r5, r2\n\t"                                                                                         \
    "smlatb r2, r4, r6, r2\n\t"                                                                                        \
    "smlad r8, r3, r6, r8\n\t"                                                                                         \
    "ldr r5, [r7, #64]\n\t"                                                                                            \
    "smlatb r8, r4, r5, r8\n\t"

#define TF_TAPS_5_STRIDE_2                                                                                             \
    "ldmia r9!, {r3, r4, r5, r6}\n\t"                                                                                  \
    "ldrd r4, r12, [r7]\n\t"                                                                                           \
    "smlad r0, r3, r4, r0\n\t"                                                                                         \
    "smlad r1, r3, r12, r1\n\t"                                                                                        \
    "smlad r0, r5, r12, r0\n\t"                                                                                        \
    "ldrd r4, r12, [r7, #32]\n\t"                                                                                      \
    "smlatb r0, r6, r4, r0\n\t"                                                                                        \
    "smlad r1, r5, r4, r1\n\t"                                                                                         \
    "smlad r2, r3, r4, r2\n\t"                                                                                         \
    "smlatb r1, r6, r12, r1\n\t"                                                                                       \
    "smlad r2, r5, r12, r2\n\t"                                                                                        \
    "smlad r8, r3, r12, r8\n\t"                                                                                        \
    "ldrd r4, r12, [r7, #64]\n\t"                                                                                      \
    "smlatb r2, r6, r4, r2\n\t"                                                                                        \
    "smlad r8, r5, r4, r8\n\t"                                                                                         \
    "smlatb r8, r6, r12, r8\n\t"

#define TF_TAPS_7_STRIDE_2                                                                                             \
    "ldr r3, [r9], #8\n\t"                                                                                             \
    "ldr r4, [r9], #8\n\t"                                                                                             \
    "ldrd r5, r6, [r7]\n\t"                                                                                            \
    "smlad r0, r3, r5, r0\n\t"                                                                                         \
    "smlad r1, r3, r6, r1\n\t"                                                                                         \
    "smlad r0, r4, r6, r0\n\t"                                                                                         \
    "ldrd r5, r12, [r7, #32]\n\t"                                                                                      \
    "ldr r6, [r7, #64]\n\t"                                                                                            \
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
    "ldr r5, [r7, #68]\n\t"                                                                                            \
    "ldr r6, [r7, #96]\n\t"                                                                                            \
    "smlatb r2, r4, r5, r2\n\t"                                                                                        \
    "smlad r8, r3, r5, r8\n\t"                                                                                         \
    "smlatb r8, r4, r6, r8\n\t"

#define TF_LINE(row)                                                                                                   \
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                                                          \
            "add lr, r0, #32\n\t"                                                                                      \
            "mov r7, r1\n"                                                                                             \
            "1:\n\t"                                                                                                   \
            "ldmia lr, {r0, r1, r2, r8, r9, r10, r11}\n"                                                               \
            "2:\n\t" row "cmp r9, r10\n\t"                                                                             \
            "add r7, r7, r11\n\t"                                                                                      \
            "bne 2b\n\t"                                                                                               \
            "ldmdb lr, {r3, r4, r5, r6, r9, r10, r11, r12}\n\t" TF_STORE_FOUR "add r7, r7, r12\n\t"                    \
            "cmp r7, r10\n\t"                                                                                          \
            "str r11, [lr, #-8]\n\t"                                                                                   \
            "bne 1b\n\t"                                                                                               \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}")

#define TF_VARIANT(k, stride)                                                                                          \
    TF_NAKED static void taps_##k##_stride_##stride(tf_depthwise_line *line TF_UNREAD, const uint32_t *x TF_UNREAD) {  \
        TF_LINE(TF_TAPS_##k##_STRIDE_##stride);                                                                        \
    }

#else

static void by_taps(int32_t k, int32_t stride, tf_depthwise_line *line, const uint32_t *x) {
    tf_outputs *outputs = &line->outputs;
    for (; x != outputs->end; x += line->next / 4) {
        int32_t acc[4];
        memcpy(acc, line->bias, sizeof acc);
        for (const uint32_t *taps = line->taps; taps != line->taps_end; taps += k - 1) {
            for (int32_t i = 0; i < 4; i++) {
                for (int32_t t = 0; t < k; t++) {
                    const int32_t tap = t < k - 1 ? tf_low(taps[t]) : tf_high(taps[t - 1]);
                    acc[i] += tap * tf_planes_value(x, stride * i + t);
                }
            }
            x += line->row_bytes / 4;
        }
        for (int32_t i = 0; i < 4; i++, outputs->y += outputs->step) {
            *outputs->y = (int8_t)tf_scaled(acc[i], &outputs->scale);
        }
    }
}

#define TF_VARIANT(k, stride)                                                                                          \
    static void taps_##k##_stride_##stride(tf_depthwise_line *line, const uint32_t *x) { by_taps(k, stride, line, x); }

#endif

TF_VARIANT(3, 1)
TF_VARIANT(3, 2)
TF_VARIANT(5, 1)
TF_VARIANT(5, 2)
TF_VARIANT(7, 1)
TF_VARIANT(7, 2)

tf_depthwise_run tf_depthwise_run_of(int32_t k, int32_t stride) {
    static const tf_depthwise_run runs[3][2] = {
        {taps_3_stride_1, taps_3_stride_2}, {taps_5_stride_1, taps_5_stride_2}, {taps_7_stride_1, taps_7_stride_2}};
    return runs[(k - 3) / 2][stride - 1];
}

#endif
