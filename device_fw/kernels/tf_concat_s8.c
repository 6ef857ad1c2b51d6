#include "tf_arith.h"
#include "tf_kernels.h"

void tf_concat_s8(const tf_concat *p, uint32_t pixels, const int8_t *x, int8_t *y) {
    y += p->first;
    for (uint32_t i = 0; i < pixels; i++) {
        for (uint32_t c = 0; c < p->channels; c++) {
            const int64_t scaled = tf_round_shift64((int64_t)(x[c] - p->in_zero_point) * p->m, 20);
            y[c] = (int8_t)tf_clamp64(scaled + p->zero_point, p->lo, p->hi);
        }
        x += p->channels;
        y += p->out_channels;
    }
}
