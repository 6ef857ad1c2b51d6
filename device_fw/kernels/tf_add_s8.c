#include "tf_arith.h"
#include "tf_kernels.h"

void tf_add_s8(const tf_add *p, uint32_t count, const int8_t *a, const int8_t *b, int8_t *y) {
    for (uint32_t i = 0; i < count; i++) {
        const int64_t sum = (int64_t)(a[i] - p->zero_point0) * p->m0 + (int64_t)(b[i] - p->zero_point1) * p->m1;
        y[i] = (int8_t)tf_clamp64(tf_round_shift64(sum, 20) + p->zero_point, p->lo, p->hi);
    }
}
