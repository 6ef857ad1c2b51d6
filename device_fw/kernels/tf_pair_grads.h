#ifndef TF_PAIR_GRADS_H
#define TF_PAIR_GRADS_H

#include "tf_grads.h"
#include "tf_pair.h"

/* Two neighbouring input channels of an even number of pixels. The assembly loads this in this order. */
typedef struct {
    tf_grads to;        /* the first pixel; step leads to the next */
    const int16_t *end; /* of the last pair of pixels */
    int32_t pair_bytes; /* of a pair */
    const int16_t *weights;
} tf_pair_grads;

/* Multiplies the pair of weights with pair after pair of pixels, from `pixels` to end, and finishes the sums. */
void tf_pair_grads_run(int32_t groups, tf_pair_grads *grads, const int16_t *pixels);

#endif
