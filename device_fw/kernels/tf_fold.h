#ifndef TF_FOLD_H
#define TF_FOLD_H

#include "tf_arith.h"
#include "tf_kernels.h"
#include "tf_lanes.h"

/* What the input gradients of conv and pointwise share, docs/NUMERICS.md section 5.6. */

/* folded: U of one pixel, [channels]. */
static inline void tf_fold(int32_t channels, const tf_input_grad *ig, const tf_grad *grad_y, tf_grad *folded) {
    const int32_t half = (int32_t)1 << (ig->fsh - 1);
    for (int32_t c = 0; c < channels; c++) {
        folded[c] = (tf_grad)tf_floor_shift32(grad_y[c] * ig->mw[c] + half, ig->fsh);
    }
}

/* acc[i] += sum over c of w[c][i] u[c] for n lanes; w advances by row_step from one output channel to the next. */
static inline void tf_lanes_transposed(int32_t acc[TF_LANES], int32_t n, const int8_t *w, int32_t row_step,
                                       int32_t channels, const tf_grad *u) {
    for (int32_t c = 0; c < channels; c++) {
        if (u[c] != 0) {
            const int8_t *row = w + c * row_step;
            for (int32_t i = 0; i < n; i++) {
                acc[i] += row[i] * u[c];
            }
        }
    }
}

#endif
