#include "tf_arith.h"
#include "tf_kernels.h"

void tf_matmul_s8(const tf_matmul *p, const int8_t *a, const int8_t *b, int8_t *y) {
    for (int32_t i = 0; i < p->batch; i++, b += p->depth * p->columns) {
        for (int32_t row = 0; row < p->rows; row++, a += p->depth) {
            for (int32_t column = 0; column < p->columns; column++) {
                const int8_t *other = b + column * p->b_column;
                int32_t acc = 0;
                for (int32_t k = 0; k < p->depth; k++, other += p->b_depth) {
                    acc += (a[k] - p->zero_point0) * (*other - p->zero_point1);
                }
                const int64_t scaled = tf_round_shift64((int64_t)acc * p->m, p->s) + p->zero_point;
                *y++ = (int8_t)tf_clamp64(scaled, p->lo, p->hi);
            }
        }
    }
}
