#include "tf_finish.h"

uint32_t tf_matmul_input_grad(const tf_matmul_grad *mg, const int8_t *other, const tf_grad *grad_y, tf_grad *grad_x) {
    const uint16_t *grad_step = mg->grad_step, *other_step = mg->other_step;
    uint32_t saturated = 0;
    for (int32_t i = 0; i < mg->batch; i++, other += mg->other_size, grad_y += mg->grad_size) {
        for (int32_t row = 0; row < mg->rows; row++) {
            for (int32_t column = 0; column < mg->columns; column++) {
                const int8_t *x = other + row * other_step[0] + column * other_step[1];
                const tf_grad *g = grad_y + row * grad_step[0] + column * grad_step[1];
                int32_t acc = 0;
                for (int32_t k = 0; k < mg->depth; k++, x += other_step[2], g += grad_step[2]) {
                    acc += *g * (*x - mg->zero_point);
                }
                saturated += tf_finish_grad(&mg->finish, (int64_t)acc * mg->gm, grad_x++);
            }
        }
    }
    return saturated;
}
