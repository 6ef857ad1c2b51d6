#ifndef TF_PAST_H
#define TF_PAST_H

#include <stdint.h>

/*
 * The last `steps` steps of a layer's input, for networks that compute one step at a time (docs/NUMERICS.md section
 * 13). Of them and the step itself it reads `taps`, `apart` steps from each other, from the oldest one on.
 */
typedef struct {
    uint16_t steps, taps, apart, channels;
    int8_t zero_point; /* what was before the first step */
} tf_past;

/* state: a word, the number of the oldest step, and a ring int8 [steps][channels]. Before the first step. */
void tf_past_begin(const tf_past *p, uint32_t *state);

/* Gathers the taps [taps][channels] of the step x [channels], then keeps x. */
void tf_past_take(const tf_past *p, uint32_t *state, const int8_t *x, int8_t *taps);

#endif
