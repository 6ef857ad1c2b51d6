#include "tf_pointwise.h"

void tf_logits_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int16_t *logits) {
    for (int32_t pixel = 0; pixel < win->out_h * win->out_w; pixel++, x += win->in_c) {
        for (int32_t oc = 0; oc < win->out_c; oc += TF_QUAD) {
            int32_t acc[TF_QUAD];
            const int32_t n = tf_pointwise_quad(win, wt, oc, x, acc);
            for (int32_t k = 0; k < n; k++) {
                const int64_t z = tf_round_shift64((int64_t)acc[k] * rq->m[oc + k], rq->s[oc + k]);
                *logits++ = (int16_t)tf_clamp64(z, INT16_MIN, INT16_MAX);
            }
        }
    }
}
