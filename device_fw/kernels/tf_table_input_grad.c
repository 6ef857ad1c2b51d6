#include "tf_finish.h"

uint32_t tf_table_input_grad(const tf_finish *finish, const int16_t slopes[256], uint32_t count, const int8_t *x,
                             const tf_grad *grad_y, tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t v = grad_y[i] * slopes[x[i] + 128];
        saturated += tf_finish_grad(finish, v, &grad_x[i]);
    }
    return saturated;
}
