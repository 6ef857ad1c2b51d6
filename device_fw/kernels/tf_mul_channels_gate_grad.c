#include "tf_finish.h"
#include "tf_lanes.h"

uint32_t tf_mul_channels_gate_grad(const tf_mul_grad *mg, uint32_t gates, uint32_t count, const int8_t *x,
                                   const tf_grad *grad_y, tf_grad *grad_gate) {
    uint32_t saturated = 0;
    for (int32_t c0 = 0; c0 < (int32_t)gates; c0 += TF_LANES) {
        const int32_t n = tf_lanes((int32_t)gates, c0);
        int64_t acc[TF_LANES] = {0};
        for (uint32_t i = 0; i < count; i += gates) {
            const int8_t *pixel = x + i + c0;
            const tf_grad *g = grad_y + i + c0;
            for (int32_t c = 0; c < n; c++) {
                acc[c] += g[c] * (pixel[c] - mg->zero_point);
            }
        }
        for (int32_t c = 0; c < n; c++) {
            saturated += tf_finish_grad(&mg->finish, acc[c] * mg->gm, &grad_gate[c0 + c]);
        }
    }
    return saturated;
}
