#ifndef TF_NORM_H
#define TF_NORM_H

#include "tf_arith.h"
#include "tf_kernels.h"

/* What the two passes of a norm share, docs/NUMERICS.md section 12.1. */

/* One pixel: S (0 where the mean stays), inv = 2^(31 + half) / sqrt(V), 2^15 .. 2^16. */
typedef struct {
    int32_t sum, inverse, half;
} tf_norm_pixel;

static inline tf_norm_pixel tf_norm_of(const tf_window *win, const tf_norm *norm, const int8_t *x) {
    int32_t sum = 0, squares = 0;
    for (int32_t c = 0; c < win->in_c; c++) {
        const int32_t u = x[c] - win->in_zero_point;
        sum += u;
        squares += u * u;
    }
    if (!norm->centred) {
        sum = 0;
    }
    uint64_t v = (uint64_t)((int64_t)squares * win->in_c - (int64_t)sum * sum) + norm->epsilon;
    int32_t half = 0;
    for (; v >> 32 != 0; v >>= 2) {
        half++;
    }
    for (; v < (uint64_t)1 << 30; v <<= 2) {
        half--;
    }
    const tf_norm_pixel pixel = {sum, (int32_t)(0x80000000u / tf_isqrt32((uint32_t)v)), half};
    return pixel;
}

/* d of one channel. */
static inline int32_t tf_norm_deviation(const tf_window *win, const tf_norm_pixel *pixel, int8_t x) {
    return (x - win->in_zero_point) * win->in_c - pixel->sum;
}

#endif
