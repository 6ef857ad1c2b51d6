#include "tf_mul.h"

void tf_mul_s8(const tf_mul *p, uint32_t count, const int8_t *a, const int8_t *b, int8_t *y) {
    for (uint32_t i = 0; i < count; i++) {
        y[i] = tf_product(p, a[i], b[i]);
    }
}
