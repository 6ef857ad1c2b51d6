#ifndef TF_UNPACK_H
#define TF_UNPACK_H

#include <stdint.h>

/*
 * Four runs of 4 * groups bytes, `step` apart, plus `add` (both halves), as one tile or as part of one (tf_tile.h);
 * groups >= 1. Returns its end.
 */
int16_t *tf_unpack(const int8_t *run, int32_t step, uint32_t add, int32_t groups, int16_t *tile);

#endif
