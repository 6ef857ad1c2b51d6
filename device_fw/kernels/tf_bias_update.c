#include "tf_kernels.h"
#include "tf_lanes.h"
#include "tf_step.h"
#include "tf_sums.h"

#define FIRST_BIAS 1000000u /* biases draw after all weights */
#define BIAS_END ((int32_t)1 << 30)

void tf_bias_update(uint32_t pixels, uint16_t out_c, const tf_rate *rate, int32_t e, uint32_t base,
                    const tf_grad *grad_y, int32_t *b) {
    uint32_t word = 0;
    for (int32_t c0 = 0; c0 < out_c; c0 += TF_LANES) {
        const int32_t n = tf_lanes(out_c, c0);
        int32_t acc[TF_LANES];
        tf_sum_pixels(pixels, out_c, n, grad_y + c0, acc);
        for (int32_t c = 0; c < n; c++) {
            const int32_t channel = c0 + c;
            const uint32_t i = FIRST_BIAS + (uint32_t)channel;
            if ((i & 3u) == 0) { /* so it is for the first */
                word = tf_random_word(base, i);
            }
            const int32_t s = rate->kbs[channel] + e;
            const int quick = tf_step_is_quick(s);
            const tf_step step = tf_step_of(rate->kb[channel], quick ? s : TF_STEP_LAST);
            if (quick && tf_step_fits(step, acc[c])) { /* the step is below 2^23 */
                const int32_t sum = tf_step_sum(step, acc[c], word >> (8 * (i & 3u)));
                const int32_t v = b[channel] - tf_floor_shift32(sum, 8);
                b[channel] = v < -BIAS_END ? -BIAS_END : v > BIAS_END ? BIAS_END : v;
            } else {
                const int64_t d = tf_stochastic_shift((int64_t)acc[c] * rate->kb[channel], s, word, i);
                b[channel] = (int32_t)tf_clamp64(b[channel] - d, -BIAS_END, BIAS_END);
            }
        }
    }
}
