#ifndef TF_ROWS_H
#define TF_ROWS_H

#include "tf_kernels.h"

/* Rows of tensors and rings, for kernels and for generated networks, which compute a chain of layers a few rows at a
 * time. */

/* Where row r stands, counted in rows; divides only where the ring has wrapped. */
static inline uint32_t tf_row_slot(int32_t r, uint16_t count) {
    return (uint32_t)r < count ? (uint32_t)r : (uint32_t)r % count;
}

static inline const int8_t *tf_row(const tf_rows *rows, int32_t r) {
    return rows->data + tf_row_slot(r, rows->count) * rows->stride;
}

static inline int8_t *tf_row_out(const tf_rows_out *rows, int32_t r) {
    return rows->data + tf_row_slot(r, rows->count) * rows->stride;
}

static inline int32_t tf_larger(int32_t a, int32_t b) { return a > b ? a : b; }

/* One past the last input row that the output rows below end read. */
static inline int32_t tf_input_end(const tf_window *win, int32_t end) {
    const int32_t last = (end - 1) * win->stride_h - win->pad_top + win->kernel_h;
    return last < 0 ? 0 : last < win->in_h ? last : win->in_h;
}

#endif
