#include "tf_pointwise.h"

void tf_pointwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int8_t *y) {
    const int32_t pixels = win->out_h * win->out_w;
    for (int32_t p = 0; p < pixels; p++) {
        for (int32_t oc = 0; oc < win->out_c; oc += TF_QUAD) {
            int32_t acc[TF_QUAD];
            const int32_t n = tf_pointwise_quad(win, wt, oc, x, acc);
            for (int32_t k = 0; k < n; k++) {
                *y++ = tf_requantise(acc[k], rq->m[oc + k], rq->s[oc + k], rq);
            }
        }
        x += win->in_c;
    }
}
