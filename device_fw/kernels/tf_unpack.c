#include "tf_unpack.h"
#include "tf_naked.h"
#include "tf_tile.h"

#if TF_DSP

#ifdef __ARM_FEATURE_DSP

/* 16 instructions for 16 values. r0, r1, r9, r10: the runs. */
TF_NAKED int16_t *tf_unpack(const int8_t *run TF_UNREAD, int32_t step TF_UNREAD, uint32_t add TF_UNREAD,
                            int32_t groups TF_UNREAD, int16_t *tile TF_UNREAD) {
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
            "ldr r12, [sp, #36]\n\t"
            "add r9, r0, r1, lsl #1\n\t"
            "add r10, r9, r1\n\t"
            "add r1, r1, r0\n\t"
            "add lr, r12, r3, lsl #5\n"
            "1:\n\t"
            "ldr r4, [r0], #4\n\t"
            "ldr r6, [r1], #4\n\t"
            "sxtab16 r3, r2, r4\n\t"
            "sxtab16 r4, r2, r4, ror #8\n\t"
            "sxtab16 r5, r2, r6\n\t"
            "sxtab16 r6, r2, r6, ror #8\n\t"
            "stmia r12!, {r3, r4, r5, r6}\n\t"
            "ldr r4, [r9], #4\n\t"
            "ldr r6, [r10], #4\n\t"
            "sxtab16 r3, r2, r4\n\t"
            "sxtab16 r4, r2, r4, ror #8\n\t"
            "sxtab16 r5, r2, r6\n\t"
            "sxtab16 r6, r2, r6, ror #8\n\t"
            "stmia r12!, {r3, r4, r5, r6}\n\t"
            "cmp r12, lr\n\t"
            "bne 1b\n\t"
            "mov r0, r12\n\t"
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#else

int16_t *tf_unpack(const int8_t *run, int32_t step, uint32_t add, int32_t groups, int16_t *tile) {
    for (int32_t g = 0; g < groups; g++, run += 4) {
        for (int32_t p = 0; p < TF_TILE; p++, tile += 4) {
            const uint32_t word = tf_load4(run + p * step);
            const uint32_t even = tf_sxtab16(add, word), odd = tf_sxtab16_ror8(add, word);
            memcpy(tile, &even, 4);
            memcpy(tile + 2, &odd, 4);
        }
    }
    return tile;
}

#endif

#endif
