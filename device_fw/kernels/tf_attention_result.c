#include "tf_attention.h"
#include "tf_lanes.h"

/* acc[c] = sum over j of w[j] v[j][c] for n lanes */
static void weighted_sums(int32_t steps, const int32_t *w, const int8_t *v, int32_t step, int32_t n,
                          int32_t acc[TF_LANES]) {
    tf_lanes_clear(acc);
    for (int32_t j = 0; j < steps; j++, v += step) {
        if (w[j] != 0) {
            for (int32_t c = 0; c < n; c++) {
                acc[c] += w[j] * v[c];
            }
        }
    }
}

static void weighted_mean(const tf_attention *p, const tf_head *h, int32_t steps, const int32_t *weights, int8_t *y) {
    int32_t offset = 0;
    for (int32_t j = 0; j < steps; j++) {
        offset += weights[j] * h->zero_point;
    }
    for (int32_t c0 = 0; c0 < h->size; c0 += TF_LANES) {
        const int32_t n = tf_lanes(h->size, c0);
        int32_t acc[TF_LANES];
        weighted_sums(steps, weights, h->v + c0, h->step, n, acc);
        for (int32_t c = 0; c < n; c++) {
            const int64_t scaled = tf_round_shift64((int64_t)(acc[c] - offset) * p->m, p->s) + p->zero_point;
            y[c0 + c] = (int8_t)tf_clamp64(scaled, p->lo, p->hi);
        }
    }
}

void tf_attention_result(const tf_attention *p, const tf_head *h, const int8_t *q, int32_t seen, int32_t *scratch,
                         int8_t *y) {
    tf_attention_row(p, h, q, seen, scratch, (int16_t *)(scratch + h->steps));
    weighted_mean(p, h, seen, scratch, y);
}
