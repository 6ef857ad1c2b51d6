#include "tf_kernels.h"

uint32_t tf_concat_input_grad(const tf_concat *p, const tf_finish *finish, uint32_t pixels, const tf_grad *grad_y,
                              tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < pixels; i++) {
        const tf_grad *g = grad_y + i * p->out_channels + p->first;
        saturated += tf_pass_grad(finish, p->channels, g, grad_x + i * p->channels);
    }
    return saturated;
}
