#ifndef TF_DEPTHWISE_PLANE_GRAD_H
#define TF_DEPTHWISE_PLANE_GRAD_H

#include "tf_row_grads.h"

/* tf_depthwise_input_grad on a plane, a channel at a time. Whether it can: else the portable kernel serves. */
int tf_depthwise_plane_fits(const tf_window *win);
uint32_t tf_depthwise_plane_grad(const tf_window *win, const tf_input_grad *ig, const int8_t *weights,
                                 const tf_grad *grad_y, tf_grad *grad_x, void *scratch);

#endif
