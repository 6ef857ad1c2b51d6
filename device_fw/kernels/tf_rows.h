#ifndef TF_ROWS_H
#define TF_ROWS_H

#include "tf_kernels.h"

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

#endif
