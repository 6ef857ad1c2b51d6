#ifndef TF_TILE_CHANNEL_H
#define TF_TILE_CHANNEL_H

#include "tf_four_outputs.h"
#include "tf_tile.h"

/* What the dot product with one block of weights needs, in the order in which the assembly loads it. */
typedef struct {
    const int8_t *w;
    int32_t bytes;  /* 32 * groups, the block's part of a tile */
    uint32_t entry; /* bytes of code to skip so that groups % 4 groups remain in the first turn */
} tf_tile_row;

/* One output channel of whole tiles that follow each other, without a clamp but int8's; loaded likewise. */
typedef struct {
    tf_outputs outputs; /* end: of the tiles */
    int32_t bias[TF_TILE];
    tf_tile_row rows[2];
} tf_tile_channel;

#define TF_TILE_GROUP_CODE 52

static inline void tf_tile_row_init(tf_tile_row *row, int32_t groups) {
    row->bytes = 32 * groups;
    row->entry = TF_TILE_GROUP_CODE * ((uint32_t)-groups & 3u);
}

#ifdef __ARM_FEATURE_DSP

#define TF_TILE_REGISTERS TF_TILE_GROUP("r0", "r1", "r2", "r8", "r9", "%[x]", "r12", "r11")

/* Products with the row in r9, r10, r11: four groups a turn. The jump ends at the first of them plus its operand. */
#define TF_TILE_ROW                                                                                                    \
    "add r10, %[x], r10\n\t"                                                                                           \
    "add pc, r11\n\t"                                                                                                  \
    "nop\n"                                                                                                            \
    "2:\n\t" TF_TILE_REGISTERS TF_TILE_REGISTERS TF_TILE_REGISTERS TF_TILE_REGISTERS "cmp %[x], r10\n\t"               \
    "bne 2b\n\t"

#define TF_TILE_SECOND_ROW                                                                                             \
    "add r11, %[at], #28\n\t"                                                                                          \
    "ldmia r11, {r9, r10, r11}\n\t" TF_TILE_ROW

#define TF_TILE_CHANNEL(second_row)                                                                                    \
    __asm__ volatile(".balign 4\n"                                                                                     \
                     "1:\n\t"                                                                                          \
                     "ldmia %[at], {r0, r1, r2, r8, r9, r10, r11}\n\t" TF_TILE_ROW second_row                          \
                     "ldmdb %[at], {r3, r4, r5, r6, r9, r10, r11}\n\t" TF_STORE_FOUR "cmp %[x], r10\n\t"               \
                     "str r11, [%[at], #-4]\n\t"                                                                       \
                     "bne 1b\n\t"                                                                                      \
                     : [x] "+r"(tile)                                                                                  \
                     : [at] "r"(channel->bias)                                                                         \
                     : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "cc", "memory")

/*
 * tile: the first of one or more; advances y. 24 instructions a tile beside the products: what these and then the
 * requantisation need is fetched by one LDM each, four times the bias among it.
 */
static inline void tf_tile_channel_run(tf_tile_channel *channel, const int16_t *tile) {
    if (channel->rows[1].bytes == 0) {
        TF_TILE_CHANNEL("");
    } else {
        TF_TILE_CHANNEL(TF_TILE_SECOND_ROW);
    }
}

#else

static inline void tf_tile_channel_run(tf_tile_channel *channel, const int16_t *tile) {
    while (tile != channel->outputs.end) {
        int32_t acc[TF_TILE];
        memcpy(acc, channel->bias, sizeof acc);
        for (int32_t r = 0; r < 2; r++) {
            const int32_t groups = channel->rows[r].bytes / 32;
            tf_tile_dot(groups, channel->rows[r].w, tile, acc);
            tile += 16 * groups;
        }
        for (int32_t p = 0; p < TF_TILE; p++, channel->outputs.y += channel->outputs.step) {
            *channel->outputs.y = (int8_t)tf_scaled(acc[p], &channel->outputs.scale);
        }
    }
}

#endif

#endif
