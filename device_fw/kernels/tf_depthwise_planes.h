#ifndef TF_DEPTHWISE_PLANES_H
#define TF_DEPTHWISE_PLANES_H

#include "tf_kernels.h"

/* Input rows taken apart at once take about so many bytes. */
#define TF_PLANES_BYTES 4096

/* Whether tf_depthwise_planes can serve. */
int tf_depthwise_planes_fit(const tf_window *win, const tf_requant *rq);

/* Depthwise convolution on planes (tf_planes.h). scratch: see tf_depthwise_s8. */
void tf_depthwise_planes(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                         const tf_rows_out *y, tf_span rows, void *scratch);

#endif
