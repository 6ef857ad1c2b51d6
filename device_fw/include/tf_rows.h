#ifndef TF_ROWS_H
#define TF_ROWS_H

#include "tf_kernels.h"

/* What generated networks need to compute a chain of layers a few rows at a time. */

/* Row r of a tensor or ring. */
static inline const int8_t *tf_row(const tf_rows *rows, int32_t r) {
    return rows->data + (uint32_t)(r % rows->count) * rows->stride;
}

static inline int8_t *tf_row_out(const tf_rows_out *rows, int32_t r) {
    return rows->data + (uint32_t)(r % rows->count) * rows->stride;
}

static inline int32_t tf_larger(int32_t a, int32_t b) { return a > b ? a : b; }

/* One past the last input row that the output rows below end read. */
static inline int32_t tf_input_end(const tf_window *win, int32_t end) {
    const int32_t last = (end - 1) * win->stride_h - win->pad_top + win->kernel_h;
    return last < 0 ? 0 : last < win->in_h ? last : win->in_h;
}

#endif
