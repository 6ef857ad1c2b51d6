#include "tf_arith.h"
#include "tf_kernels.h"

void tf_requantize_s8(const tf_rescale *p, uint32_t count, const int8_t *x, int8_t *y) {
    for (uint32_t i = 0; i < count; i++) {
        const int64_t scaled = tf_round_shift64((int64_t)(x[i] - p->in_zero_point) * p->m, p->s);
        y[i] = (int8_t)tf_clamp64(scaled + p->zero_point, p->lo, p->hi);
    }
}
