#include "tf_finish.h"

uint32_t tf_mul_input_grad(const tf_mul_grad *mg, uint32_t count, const int8_t *other, const tf_grad *grad_y,
                           tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int64_t v = (int64_t)(grad_y[i] * (other[i] - mg->zero_point)) * mg->gm;
        saturated += tf_finish_grad(&mg->finish, v, &grad_x[i]);
    }
    return saturated;
}
