#ifndef TRANSFORMER_H
#define TRANSFORMER_H

#include <stdint.h>

/*
 * The transformer of examples/next_byte in float32, and a step of stochastic gradient descent on the part of it that
 * trains; layer norms have no scales of their own. What trains is chosen when it is compiled:
 */
#ifndef RANK
#define RANK 0 /* of an adapter beside every linear layer but the last; 0: none */
#endif
#ifndef LAST
#define LAST 0 /* so many linear layers from the end: 0, 1, or 3, which is the last block's two and the last one */
#endif
#ifndef TILE
#define TILE 4 /* steps, and channels, whose sums a matrix product keeps in registers; 1: one sum at a time */
#endif

enum { STEPS = 64, CHANNELS = 48, HEADS = 4, WIDE = 192, BLOCKS = 2, BYTES = 256 };

/*
 * Weights lie in the order of the layers, a linear layer's bias after its [out][in]: the token's table [BYTES] and the
 * position's [STEPS]; in each block query, key and value in one layer, then the attention's output, up, down; the last
 * layer. Those that train lie in `trained` instead of `frozen`, there followed, or at rank 0 not, by each layer's
 * factors [RANK][in] and [out][RANK].
 */
void transformer_bind(const float *frozen, float *trained);

/* Scores [STEPS][BYTES], valid until the next call. */
const float *transformer_forward(const uint8_t *tokens);

/* A step on STEPS + 1 bytes; returns the mean probability of the right next byte before it. */
float transformer_step(const uint8_t *tokens, float rate);

#endif
