#include "tf_tile_channel.h"
#include "tf_naked.h"
#include <stddef.h>

#if TF_DSP

#ifdef __ARM_FEATURE_DSP

_Static_assert(offsetof(tf_tile_channel, bias) == 28 && offsetof(tf_tile_channel, rows) == 44,
               "as the assembly has it");

/* One group, 13 instructions for 16 products: r0, r1, r2, r8 += weights at r9 times a tile's group at r7. */
#define TF_GROUP                                                                                                       \
    "ldr.w r11, [r9], #4\n\t"                                                                                          \
    "ldmia.w r7!, {r3, r4, r5, r6}\n\t"                                                                                \
    "sxtb16 r12, r11\n\t"                                                                                              \
    "sxtb16 r11, r11, ror #8\n\t"                                                                                      \
    "smlad r0, r3, r12, r0\n\t"                                                                                        \
    "smlad r1, r5, r12, r1\n\t"                                                                                        \
    "smlad r0, r4, r11, r0\n\t"                                                                                        \
    "smlad r1, r6, r11, r1\n\t"                                                                                        \
    "ldmia.w r7!, {r3, r4, r5, r6}\n\t"                                                                                \
    "smlad r2, r3, r12, r2\n\t"                                                                                        \
    "smlad r8, r5, r12, r8\n\t"                                                                                        \
    "smlad r2, r4, r11, r2\n\t"                                                                                        \
    "smlad r8, r6, r11, r8\n\t"

/* The groups of the row in r9, r10, r11, four a turn. PC stands at the first of them when r11 is added to it. */
#define TF_ROW                                                                                                         \
    "add r10, r7, r10\n\t"                                                                                             \
    "add pc, r11\n\t"                                                                                                  \
    "nop\n"                                                                                                            \
    "2:\n\t" TF_GROUP TF_GROUP TF_GROUP TF_GROUP "cmp r7, r10\n\t"                                                     \
    "bne 2b\n\t"

#define TF_SECOND_ROW                                                                                                  \
    "add r11, lr, #28\n\t"                                                                                             \
    "ldmia r11, {r9, r10, r11}\n\t" TF_ROW

/*
 * 24 instructions a tile beside the products: what these and then the requantisation need is fetched by one LDM each,
 * four times the bias among it.
 */
#define TF_CHANNEL(second_row)                                                                                         \
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                                                          \
            "add lr, r0, #28\n\t"                                                                                      \
            "mov r7, r1\n\t"                                                                                           \
            ".balign 4\n"                                                                                              \
            "1:\n\t"                                                                                                   \
            "ldmia lr, {r0, r1, r2, r8, r9, r10, r11}\n\t" TF_ROW second_row                                           \
            "ldmdb lr, {r3, r4, r5, r6, r9, r10, r11}\n\t" TF_STORE_FOUR "cmp r7, r10\n\t"                             \
            "str r11, [lr, #-4]\n\t"                                                                                   \
            "bne 1b\n\t"                                                                                               \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}")

TF_NAKED static void one_row(tf_tile_channel *channel TF_UNREAD, const int16_t *tile TF_UNREAD) { TF_CHANNEL(""); }

TF_NAKED static void two_rows(tf_tile_channel *channel TF_UNREAD, const int16_t *tile TF_UNREAD) {
    TF_CHANNEL(TF_SECOND_ROW);
}

void tf_tile_channel_run(tf_tile_channel *channel, const int16_t *tile) {
    if (channel->rows[1].bytes == 0) {
        one_row(channel, tile);
    } else {
        two_rows(channel, tile);
    }
}

#else

void tf_tile_channel_run(tf_tile_channel *channel, const int16_t *tile) {
    tf_outputs *outputs = &channel->outputs;
    while (tile != outputs->end) {
        int32_t acc[TF_TILE];
        memcpy(acc, channel->bias, sizeof acc);
        for (int32_t r = 0; r < 2; r++) {
            const int32_t groups = channel->rows[r].bytes / 32;
            tf_tile_dot(groups, channel->rows[r].w, tile, acc);
            tile += 16 * groups;
        }
        for (int32_t p = 0; p < TF_TILE; p++, outputs->y += outputs->step) {
            *outputs->y = (int8_t)tf_scaled(acc[p], &outputs->scale);
        }
    }
}

#endif

#endif
