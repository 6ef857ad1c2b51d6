#include "tf_naked.h"
#include "tf_planes.h"

#if TF_DSP

/* Four channels of 4 * n pixels, n >= 1, `step` elements from one to the next, plus `add`. Returns the end of `to`. */
#ifdef __ARM_FEATURE_DSP
TF_NAKED static uint32_t *take_apart(const int8_t *pixel TF_UNREAD, int32_t step TF_UNREAD, uint32_t add TF_UNREAD,
                                     uint32_t *to TF_UNREAD, int32_t n TF_UNREAD) {
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
            "ldr r7, [sp, #36]\n\t"
            "mov r10, r0\n\t"
            "mov r11, r1\n\t"
            "mov r12, r2\n\t"
            "mov lr, r3\n\t"
            "add r7, lr, r7, lsl #5\n"
            "1:\n\t"
            "ldr r4, [r10]\n\t"
            "ldr r1, [r10, r11]\n\t"
            "add r10, r10, r11, lsl #1\n\t"
            "ldr r5, [r10]\n\t"
            "ldr r2, [r10, r11]\n\t"
            "add r10, r10, r11, lsl #1\n\t"
            "sxtab16 r6, r12, r4, ror #8\n\t"
            "sxtab16 r3, r12, r1, ror #8\n\t"
            "sxtab16 r8, r12, r5, ror #8\n\t"
            "sxtab16 r9, r12, r2, ror #8\n\t"
            "sxtab16 r4, r12, r4\n\t"
            "sxtab16 r1, r12, r1\n\t"
            "sxtab16 r5, r12, r5\n\t"
            "sxtab16 r2, r12, r2\n\t"
            "pkhbt r0, r4, r1, lsl #16\n\t"
            "pkhtb r4, r1, r4, asr #16\n\t"
            "pkhbt r1, r5, r2, lsl #16\n\t"
            "pkhtb r5, r2, r5, asr #16\n\t"
            "pkhbt r2, r6, r3, lsl #16\n\t"
            "pkhtb r6, r3, r6, asr #16\n\t"
            "pkhbt r3, r8, r9, lsl #16\n\t"
            "pkhtb r8, r9, r8, asr #16\n\t"
            "stmia lr!, {r0, r1, r2, r3}\n\t"
            "stmia lr!, {r4, r5, r6, r8}\n\t"
            "cmp lr, r7\n\t"
            "bne 1b\n\t"
            "mov r0, lr\n\t"
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}
#else
static uint32_t *take_apart(const int8_t *pixel, int32_t step, uint32_t add, uint32_t *to, int32_t n) {
    for (; n > 0; n--, to += 8, pixel += 4 * step) {
        tf_store_pair(tf_pixel_of(pixel, add), tf_pixel_of(pixel + step, add), to, 2);
        tf_store_pair(tf_pixel_of(pixel + 2 * step, add), tf_pixel_of(pixel + 3 * step, add), to + 1, 2);
    }
    return to;
}
#endif

void tf_planes_row(const int8_t *row, int32_t step, int32_t width, int32_t pad, int32_t zero_point, int32_t words,
                   uint32_t *to) {
    const uint32_t minus = tf_halves(-zero_point, -zero_point);
    const uint32_t padding = ((uint32_t)zero_point & 255u) * 0x01010101u;
    const uint32_t *const end = to + words;
    int32_t ix = -pad;
    while (to != end) {
        const int32_t n = ix < 0 ? 0 : (width - ix) / 4;
        if (n > 0) {
            to = take_apart(row + ix * step, step, minus, to, n);
            ix += 4 * n;
        } else if (ix >= width) {
            *to++ = 0;
        } else {
            uint32_t edge[4] = {padding, padding, padding, padding};
            const int32_t last = width - ix < 4 ? width - ix : 4;
            for (int32_t p = ix < 0 ? -ix : 0; p < last; p++) {
                edge[p] = tf_load4(row + (ix + p) * step);
            }
            to = take_apart((const int8_t *)edge, 4, minus, to, 1);
            ix += 4;
        }
    }
}

#endif
