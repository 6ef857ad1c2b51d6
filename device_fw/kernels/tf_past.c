#include "tf_past.h"

#include <string.h>

void tf_past_begin(const tf_past *p, uint32_t *state) {
    state[0] = 0;
    memset(state + 1, p->zero_point, (uint32_t)p->steps * p->channels);
}

void tf_past_take(const tf_past *p, uint32_t *state, const int8_t *x, int8_t *taps) {
    int8_t *ring = (int8_t *)(state + 1);
    const uint32_t oldest = state[0];
    for (uint32_t tap = 0; tap < p->taps; tap++) {
        const uint32_t since = tap * p->apart; /* steps behind the oldest one */
        const uint32_t at = oldest + since < p->steps ? oldest + since : oldest + since - p->steps;
        memcpy(taps + tap * p->channels, since < p->steps ? ring + at * p->channels : x, p->channels);
    }
    memcpy(ring + oldest * p->channels, x, p->channels);
    state[0] = oldest + 1 < p->steps ? oldest + 1 : 0;
}
