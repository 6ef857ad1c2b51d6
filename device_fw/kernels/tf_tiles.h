#ifndef TF_TILES_H
#define TF_TILES_H

#include "tf_block.h"
#include "tf_tile.h"

/*
 * A run of neighbouring output pixels of a convolution, four to a tile (tf_tile.h). A tile holds what the first block
 * of weights meets, then what the second one meets. Empty blocks are left out.
 */
typedef struct {
    int32_t blocks;             /* 1 or 2 */
    const int8_t *w[TF_BLOCKS]; /* rows of one output channel each; null for a second block that is left out */
    int32_t k[TF_BLOCKS];       /* length of a row; then 0 */
    int32_t groups[TF_BLOCKS];  /* of four values in a tile */
    int8_t *row[TF_BLOCKS];     /* room for 4 * groups bytes of one row */
    int8_t *unpacked;           /* room for 8 bytes a group of the first block, 4-byte aligned */
    int16_t *tiles;
    const tf_requant *rq;
    const int32_t *bias;
    int32_t out_c;
} tf_tiles;

static inline int32_t tf_tiles_stride(const tf_tiles *t) { return 16 * (t->groups[0] + t->groups[1]); }

/* Output channels channels.first .. end - 1 of `pixels` pixels; y: the first pixel's channel 0. */
void tf_tiles_multiply(const tf_tiles *t, tf_span channels, int32_t pixels, int8_t *y);

#endif
