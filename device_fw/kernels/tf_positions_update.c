#include "tf_step.h"

void tf_positions_update(uint32_t count, const tf_rate *rate, int32_t e, uint32_t base, const tf_grad *grad_y,
                         int8_t *w, uint8_t *f) {
    for (uint32_t i = 0; i < count; i++) {
        const int32_t a = grad_y[i];
        tf_step_weights(1, &a, rate->km[0], rate->ks[0] + e, base, i, w + i, tf_fractions(f, (int32_t)i));
    }
}
