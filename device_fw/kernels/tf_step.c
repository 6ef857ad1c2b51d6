#include "tf_step.h"

void tf_step_weights_slowly(int32_t n, const int32_t *acc, uint16_t km, int32_t s, uint32_t base, uint32_t i, int8_t *w,
                            uint8_t *f) {
    const int32_t reach = 1 << 17; /* farther than from one end of a master's range to the other */
    const uint32_t rounding = tf_mix32(base + 1u);
    for (int32_t j = 0; j < n; j++, i++) {
        const int64_t d = tf_stochastic_shift((int64_t)acc[j] * km, s, tf_random_word(base, i), i);
        const int32_t v = w[j] * 256 + (f ? f[j] : 128) - (int32_t)tf_clamp64(d, -reach, reach);
        const int32_t clamped = v < -32384 ? -32384 : v > 32640 ? 32640 : v;
        if (f) {
            w[j] = (int8_t)((uint32_t)clamped >> 8 & 255u);
            f[j] = (uint8_t)(clamped & 255);
        } else {
            const uint32_t byte = tf_random_word(rounding, i) >> (8u * (i & 3u)) & 255u;
            w[j] = (int8_t)tf_floor_shift32(clamped - 128 + (int32_t)byte, 8);
        }
    }
}
