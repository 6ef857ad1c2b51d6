#include "tf_tile_channels.h"
#include "tf_naked.h"
#include <stddef.h>

#if TF_DSP

#ifdef __ARM_FEATURE_DSP

_Static_assert(offsetof(tf_tile_channels, bias) == 28 && offsetof(tf_tile_channels, rows) == 44 &&
                   offsetof(tf_tile_channels, m) == 68 && offsetof(tf_tile_channels, left) == 100,
               "as the assembly has it");
_Static_assert(TF_SCALE_FIRST == 33 && TF_SCALE_LAST == 54, "as the assembly has it");

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

/* One group of a row taken apart before, 11 instructions. */
#define TF_UNPACKED_GROUP                                                                                              \
    "ldmia.w r9!, {r11, r12}\n\t"                                                                                      \
    "ldmia.w r7!, {r3, r4, r5, r6}\n\t"                                                                                \
    "smlad r0, r3, r11, r0\n\t"                                                                                        \
    "smlad r1, r5, r11, r1\n\t"                                                                                        \
    "smlad r0, r4, r12, r0\n\t"                                                                                        \
    "smlad r1, r6, r12, r1\n\t"                                                                                        \
    "ldmia.w r7!, {r3, r4, r5, r6}\n\t"                                                                                \
    "smlad r2, r3, r11, r2\n\t"                                                                                        \
    "smlad r8, r5, r11, r8\n\t"                                                                                        \
    "smlad r2, r4, r12, r2\n\t"                                                                                        \
    "smlad r8, r6, r12, r8\n\t"

/* The groups of the row in r9, r10, r11, four a turn. PC stands at the first of them when r11 is added to it. */
#define TF_ROW(group)                                                                                                  \
    "add r10, r7, r10\n\t"                                                                                             \
    "add pc, r11\n\t"                                                                                                  \
    "nop\n"                                                                                                            \
    "2:\n\t" group group group group "cmp r7, r10\n\t"                                                                 \
    "bne 2b\n\t"

#define TF_SECOND_ROW                                                                                                  \
    "add r11, lr, #28\n\t"                                                                                             \
    "ldmia r11, {r9, r10, r11}\n\t" TF_ROW(TF_GROUP)

/* Takes the row at r9 apart, to where rows[0].w points. */
#define TF_UNPACK_ROW                                                                                                  \
    "ldr r10, [lr, #16]\n\t"                                                                                           \
    "ldr r11, [lr, #20]\n\t"                                                                                           \
    "add r11, r10, r11, lsr #2\n"                                                                                      \
    "5:\n\t"                                                                                                           \
    "ldr r0, [r9], #4\n\t"                                                                                             \
    "sxtb16 r1, r0\n\t"                                                                                                \
    "sxtb16 r2, r0, ror #8\n\t"                                                                                        \
    "stmia r10!, {r1, r2}\n\t"                                                                                         \
    "cmp r10, r11\n\t"                                                                                                 \
    "bne 5b\n\t"

/* To the next channel's row. */
#define TF_NEXT_ROW(w, k)                                                                                              \
    "ldr r9, [lr, " w "]\n\t"                                                                                          \
    "ldr r10, [lr, " k "]\n\t"                                                                                         \
    "add r9, r9, r10\n\t"                                                                                              \
    "str r9, [lr, " w "]\n\t"

/*
 * lr stands at bias. About 26 instructions a channel, and 24 a tile beside the products: what these and then the
 * requantisation need is fetched by one LDM each, four times the bias among it.
 */
#define TF_CHANNELS(next_rows, rows)                                                                                   \
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                                                          \
            "add lr, r0, #28\n"                                                                                        \
            "3:\n\t"                                                                                                   \
            "add r12, lr, #40\n\t"                                                                                     \
            "ldmia r12, {r0, r1, r2, r3, r7, r9}\n\t"                                                                  \
            "ldrsb r6, [r1], #1\n\t"                                                                                   \
            "ldr r4, [r0], #4\n\t"                                                                                     \
            "ldr r8, [r2], #4\n\t"                                                                                     \
            "sub r10, r6, #33\n\t"                                                                                     \
            "cmp r10, #21\n\t"                                                                                         \
            "bhi 4f\n\t"                                                                                               \
            "str r3, [lr, #-4]\n\t"                                                                                    \
            "add r3, r3, #1\n\t"                                                                                       \
            "stmia r12, {r0, r1, r2, r3}\n\t"                                                                          \
            "lsl r5, r9, r10\n\t"                                                                                      \
            "sub r6, r6, #32\n\t"                                                                                      \
            "strd r4, r5, [lr, #-28]\n\t"                                                                              \
            "str r6, [lr, #-20]\n\t"                                                                                   \
            "strd r8, r8, [lr]\n\t"                                                                                    \
            "strd r8, r8, [lr, #8]\n\t" next_rows ".balign 4\n"                                                        \
            "1:\n\t"                                                                                                   \
            "ldmia lr, {r0, r1, r2, r8, r9, r10, r11}\n\t" rows                                                        \
            "ldmdb lr, {r3, r4, r5, r6, r9, r10, r11}\n\t" TF_STORE_FOUR "cmp r7, r10\n\t"                             \
            "str r11, [lr, #-4]\n\t"                                                                                   \
            "bne 1b\n\t"                                                                                               \
            "ldr r0, [lr, #72]\n\t"                                                                                    \
            "subs r0, r0, #1\n\t"                                                                                      \
            "str r0, [lr, #72]\n\t"                                                                                    \
            "bne 3b\n"                                                                                                 \
            "4:\n\t"                                                                                                   \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}")

TF_NAKED static void run_one_row(tf_tile_channels *channels TF_UNREAD) {
    TF_CHANNELS(TF_NEXT_ROW("#16", "#64"), TF_ROW(TF_GROUP));
}

TF_NAKED static void run_two_rows(tf_tile_channels *channels TF_UNREAD) {
    TF_CHANNELS(TF_NEXT_ROW("#16", "#64") TF_NEXT_ROW("#28", "#68"), TF_ROW(TF_GROUP) TF_SECOND_ROW);
}

TF_NAKED void tf_tile_channels_run_unpacked(tf_tile_channels *channels TF_UNREAD) {
    TF_CHANNELS(TF_NEXT_ROW("#28", "#68") TF_UNPACK_ROW, TF_ROW(TF_UNPACKED_GROUP));
}

void tf_tile_channels_run(tf_tile_channels *channels) {
    if (channels->rows[1].bytes == 0) {
        run_one_row(channels);
    } else {
        run_two_rows(channels);
    }
}

#else

static void run_channel(tf_tile_channels *ch, int32_t rows) {
    tf_outputs *outputs = &ch->outputs;
    for (const int16_t *tile = ch->tiles; tile != outputs->end;) {
        int32_t acc[TF_TILE];
        memcpy(acc, ch->bias, sizeof acc);
        for (int32_t r = 0; r < 2; r++) {
            const int32_t groups = ch->rows[r].bytes / 32;
            tf_tile_dot(groups, ch->rows[rows == 1 ? 1 : r].w, tile, acc);
            tile += 16 * groups;
        }
        for (int32_t p = 0; p < TF_TILE; p++, outputs->y += outputs->step) {
            *outputs->y = (int8_t)tf_scaled(acc[p], &outputs->scale);
        }
    }
}

static void run_channels(tf_tile_channels *ch, int32_t rows) {
    for (; ch->left > 0 && tf_scale_fits(*ch->s); ch->left--) {
        const int32_t shift = *ch->s++ - 32;
        const tf_scale scale = {*ch->m++, ch->one * ((int32_t)1 << (shift - 1)), shift};
        ch->outputs.scale = scale;
        ch->outputs.y = ch->y++;
        ch->bias[0] = ch->bias[1] = ch->bias[2] = ch->bias[3] = *ch->biases++;
        ch->rows[0].w += rows == 1 ? 0 : ch->k[0];
        ch->rows[1].w += ch->k[1];
        run_channel(ch, rows);
    }
}

void tf_tile_channels_run(tf_tile_channels *ch) { run_channels(ch, 2); }

/* The room in rows[0].w stays unused here. */
void tf_tile_channels_run_unpacked(tf_tile_channels *ch) { run_channels(ch, 1); }

#endif

#endif
