#ifndef TF_TILE_H
#define TF_TILE_H

#include "tf_dsp.h"

/*
 * A tile holds K values each of four pixels as int16, laid out for the dot product of four pixels with one int8 row:
 * [K / 4][pixel 0..3][values 4k, 4k + 2, 4k + 1, 4k + 3], the order in which SXTB16 unpacks four weights. K is rounded
 * up to a multiple of 4; the values beyond are 0. A tile is 4-byte aligned.
 */
#define TF_TILE 4

static inline int32_t tf_tile_groups(int32_t k) { return (k + 3) / 4; }

/* Elements (int16) of a tile. */
static inline int32_t tf_tile_elements(int32_t k) { return 16 * tf_tile_groups(k); }

/*
 * acc[p] += sum over groups of w[4g ..] x[p][4g ..]; w: int8 [4 * groups], any alignment. Where K is no multiple of 4,
 * w is read up to 3 bytes beyond K (times 0): hand over such a row by copy if that leaves the array.
 */
static inline void tf_tile_dot(int32_t groups, const int8_t *w, const int16_t *tile, int32_t acc[TF_TILE]) {
    for (int32_t g = 0; g < groups; g++, w += 4) {
        for (int32_t p = 0; p < TF_TILE; p++, tile += 4) {
            acc[p] += w[0] * tile[0] + w[2] * tile[1] + w[1] * tile[2] + w[3] * tile[3];
        }
    }
}

#endif
