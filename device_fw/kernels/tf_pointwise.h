#ifndef TF_POINTWISE_H
#define TF_POINTWISE_H

#include "tf_forward.h"

/* Accumulator of output channel oc of a 1x1 convolution without groups at one pixel; x: [in_c]. */
static inline int32_t tf_pointwise_acc(const tf_window *win, const tf_weights *wt, int32_t oc, const int8_t *x) {
    const int32_t trained = win->trained_in_c;
    const int32_t frozen = win->in_c - trained;
    int32_t acc = wt->bias[oc];
    if (trained > 0) {
        acc += tf_dot(trained, wt->trained + oc * trained, x, win->in_zero_point);
    }
    if (frozen > 0) {
        acc += tf_dot(frozen, wt->frozen + oc * frozen, x + trained, win->in_zero_point);
    }
    return acc;
}

#endif
