#include "tf_finish.h"

uint32_t tf_negate_grad(const tf_finish *finish, uint32_t count, const tf_grad *grad_y, tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < count; i++) {
        saturated += tf_finish_grad(finish, -(int64_t)grad_y[i], &grad_x[i]);
    }
    return saturated;
}
