#include "tf_conv_tiles.h"
#include "tf_dsp.h"
#include "tf_pointwise.h"
#include "tf_rows.h"

#if TF_DSP

void tf_pointwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                     const tf_rows_out *y, tf_span rows, void *scratch) {
    tf_conv_tiles(win, rq, wt, x, y, rows, scratch);
}

#else

static void pointwise_row(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x,
                          int8_t *y) {
    for (int32_t ox = 0; ox < win->out_w; ox++) {
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

void tf_pointwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                     const tf_rows_out *y, tf_span rows, void *scratch) {
    (void)scratch;
    for (int32_t oy = rows.first; oy < rows.end; oy++) {
        pointwise_row(win, rq, wt, tf_row(x, oy), tf_row_out(y, oy));
    }
}

#endif
