#include "tf_kernels.h"

uint32_t tf_mul_channels_input_grad(const tf_mul_grad *mg, uint32_t gates, uint32_t count, const int8_t *gate,
                                    const tf_grad *grad_y, tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < count; i += gates) {
        saturated += tf_mul_input_grad(mg, gates, gate, grad_y + i, grad_x + i);
    }
    return saturated;
}
