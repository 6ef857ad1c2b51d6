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

/* One output channel of whole tiles that follow each other; loaded likewise, from bias on and then what is before it.
 */
typedef struct {
    tf_outputs outputs; /* end: of the tiles */
    int32_t bias[TF_TILE];
    tf_tile_row rows[2]; /* no bytes: there is no second one */
} tf_tile_channel;

#define TF_TILE_GROUP_CODE 52

static inline void tf_tile_row_init(tf_tile_row *row, int32_t groups) {
    row->bytes = 32 * groups;
    row->entry = TF_TILE_GROUP_CODE * ((uint32_t)-groups & 3u);
}

/* tile: the first of one or more. Advances y. */
void tf_tile_channel_run(tf_tile_channel *channel, const int16_t *tile);

#endif
