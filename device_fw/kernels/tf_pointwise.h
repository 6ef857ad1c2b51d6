#ifndef TF_POINTWISE_H
#define TF_POINTWISE_H

#include "tf_forward.h"

/* Accumulators of up to four output channels from oc on, of a 1x1 convolution without groups at one pixel; x: [in_c].
 */
static inline int32_t tf_pointwise_quad(const tf_window *win, const tf_weights *wt, int32_t oc, const int8_t *x,
                                        int32_t acc[TF_QUAD]) {
    const int32_t trained = win->trained_in_c;
    const int32_t frozen = win->in_c - trained;
    const int32_t n = win->out_c - oc < TF_QUAD ? win->out_c - oc : TF_QUAD;
    for (int32_t k = 0; k < TF_QUAD; k++) {
        acc[k] = k < n ? wt->bias[oc + k] : 0;
    }
    if (trained > 0) {
        const tf_quad quad = tf_quad_of(n, trained);
        tf_quad_dot(&quad, trained, wt->trained + oc * trained, x, win->in_zero_point, acc);
    }
    if (frozen > 0) {
        const tf_quad quad = tf_quad_of(n, frozen);
        tf_quad_dot(&quad, frozen, wt->frozen + oc * frozen, x + trained, win->in_zero_point, acc);
    }
    return n;
}

#endif
