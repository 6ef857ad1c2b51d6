#include "tf_pointwise.h"

void tf_pointwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int8_t *y) {
    const int32_t pixels = win->out_h * win->out_w;
    for (int32_t p = 0; p < pixels; p++) {
        for (int32_t oc = 0; oc < win->out_c; oc++) {
            *y++ = tf_requantise(tf_pointwise_acc(win, wt, oc, x), rq->m[oc], rq->s[oc], rq);
        }
        x += win->in_c;
    }
}
