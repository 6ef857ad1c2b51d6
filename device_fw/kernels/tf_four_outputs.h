#ifndef TF_FOUR_OUTPUTS_H
#define TF_FOUR_OUTPUTS_H

#include "tf_scale.h"

/* How the assembly of the fast kernels requantises and stores four outputs; in the order in which it loads this. */
typedef struct {
    tf_scale scale;
    int32_t step, step3; /* elements from one output to the next; three times that */
    const void *end;     /* of the input */
    int8_t *y;           /* the next output */
} tf_outputs;

static inline void tf_outputs_init(tf_outputs *outputs, int32_t step, const void *end) {
    outputs->step = step;
    outputs->step3 = 3 * step;
    outputs->end = end;
}

/* Clamps n outputs, `step` elements apart. */
static inline void tf_clamp_outputs(const tf_requant *rq, int32_t n, int32_t step, int8_t *y) {
    for (int32_t i = 0; i < n; i++, y += step) {
        *y = (int8_t)(*y < rq->lo ? rq->lo : *y > rq->hi ? rq->hi : *y);
    }
}

/* Sums in r0, r1, r2, r8; tf_outputs in r3, r4, r5, r6, r9, r10, r11. Advances y. */
#define TF_STORE_FOUR                                                                                                  \
    "smmla r0, r0, r3, r4\n\t"                                                                                         \
    "smmla r1, r1, r3, r4\n\t"                                                                                         \
    "smmla r2, r2, r3, r4\n\t"                                                                                         \
    "smmla r8, r8, r3, r4\n\t"                                                                                         \
    "asr r0, r0, r5\n\t"                                                                                               \
    "asr r1, r1, r5\n\t"                                                                                               \
    "asr r2, r2, r5\n\t"                                                                                               \
    "asr r8, r8, r5\n\t"                                                                                               \
    "ssat r0, #8, r0\n\t"                                                                                              \
    "ssat r1, #8, r1\n\t"                                                                                              \
    "ssat r2, #8, r2\n\t"                                                                                              \
    "ssat r8, #8, r8\n\t"                                                                                              \
    "strb r0, [r11]\n\t"                                                                                               \
    "strb r1, [r11, r6]\n\t"                                                                                           \
    "strb r2, [r11, r6, lsl #1]\n\t"                                                                                   \
    "strb r8, [r11, r9]\n\t"                                                                                           \
    "add r11, r11, r6, lsl #2\n\t"

#endif
