#ifndef TF_TILE_CHANNELS_H
#define TF_TILE_CHANNELS_H

#include "tf_four_outputs.h"
#include "tf_tile.h"

/* What the dot product with one block of weights needs, in the order in which the assembly loads it. */
typedef struct {
    const int8_t *w; /* a row before the next channel's */
    int32_t bytes;   /* 32 * groups, the block's part of a tile */
    uint32_t entry;  /* bytes of code to skip so that groups % 4 groups remain in the first turn */
} tf_tile_row;

/* Output channels of whole tiles that follow each other, in the order in which the assembly loads it. */
typedef struct {
    tf_outputs outputs; /* end: of the tiles; scale and y: of the channel at work */
    int32_t bias[TF_TILE];
    tf_tile_row rows[2]; /* no bytes: there is no second one */
    const int32_t *m;    /* this and the next three: the next channel's */
    const int8_t *s;
    const int32_t *biases;
    int8_t *y;
    const int16_t *tiles; /* one or more */
    int32_t one;          /* 2 zero_point + 1: rounding = one << (s - 33) */
    int32_t k[2];         /* from one row to the next, of rows[0] and of rows[1] */
    int32_t left;         /* channels, one or more */
} tf_tile_channels;

/* bytes of a group's code: for weights as they are, and for a row taken apart before. */
#define TF_TILE_GROUP_CODE 52u
#define TF_TILE_UNPACKED_CODE 44u

static inline void tf_tile_row_init(tf_tile_row *row, int32_t groups, uint32_t group_code) {
    row->bytes = 32 * groups;
    row->entry = group_code * ((uint32_t)-groups & 3u);
}

/* Works until no channel is left or the next one's shift does not fit (tf_scale.h). No clamp but int8's. */
void tf_tile_channels_run(tf_tile_channels *channels);

/*
 * The same for one block, whose rows are taken apart first: quicker from four tiles on. rows[1].w is the row before the
 * next channel's, rows[0].w room for 8 * groups bytes, 4-byte aligned.
 */
void tf_tile_channels_run_unpacked(tf_tile_channels *channels);

#endif
