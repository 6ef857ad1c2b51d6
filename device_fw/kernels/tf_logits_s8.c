#include "tf_pointwise.h"

void tf_logits_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int16_t *logits) {
    for (int32_t oc = 0; oc < win->out_c; oc++) {
        const int64_t acc = tf_pointwise_acc(win, wt, oc, x);
        logits[oc] = (int16_t)tf_clamp64(tf_round_shift64(acc * rq->m[oc], rq->s[oc]), INT16_MIN, INT16_MAX);
    }
}
