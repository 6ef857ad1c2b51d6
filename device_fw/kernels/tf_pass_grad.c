#include "tf_finish.h"

uint32_t tf_pass_grad(const tf_finish *finish, uint32_t count, const tf_grad *grad_y, tf_grad *grad_x) {
    const tf_finish how = *finish;
    uint32_t saturated = 0;
    if (tf_finish_is_quick(&how, 1)) {
        const int32_t scaled = tf_finish_scaled(&how, 1);
        for (uint32_t i = 0; i < count; i++) {
            tf_finish_quickly(&how, grad_y[i], scaled, &grad_x[i], &saturated);
        }
    } else {
        for (uint32_t i = 0; i < count; i++) {
            saturated += tf_finish_grad(&how, grad_y[i], &grad_x[i]);
        }
    }
    return saturated;
}
