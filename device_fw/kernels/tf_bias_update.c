#include "tf_arith.h"
#include "tf_kernels.h"
#include "tf_lanes.h"

#define FIRST_BIAS 1000000u /* biases draw after all weights */
#define BIAS_END ((int64_t)1 << 30)

void tf_bias_update(uint32_t pixels, uint16_t out_c, const tf_rate *rate, int32_t e, uint32_t base,
                    const tf_grad *grad_y, int32_t *b) {
    for (int32_t c0 = 0; c0 < out_c; c0 += TF_LANES) {
        const int32_t n = tf_lanes(out_c, c0);
        int32_t acc[TF_LANES];
        tf_lanes_clear(acc);
        for (uint32_t p = 0; p < pixels; p++) {
            const tf_grad *g = grad_y + p * out_c + c0;
            for (int32_t c = 0; c < n; c++) {
                acc[c] += g[c];
            }
        }
        for (int32_t c = 0; c < n; c++) {
            const int32_t channel = c0 + c;
            const uint32_t i = FIRST_BIAS + (uint32_t)channel;
            const int64_t d = tf_stochastic_shift((int64_t)acc[c] * rate->kb[channel], rate->kbs[channel] + e,
                                                  tf_random_word(base, i), i);
            b[channel] = (int32_t)tf_clamp64(b[channel] - d, -BIAS_END, BIAS_END);
        }
    }
}
