#include "tf_mul.h"

void tf_mul_channels_s8(const tf_mul *p, uint32_t gates, uint32_t count, const int8_t *x, const int8_t *gate,
                        int8_t *y) {
    for (uint32_t i = 0; i < count; i += gates) {
        for (uint32_t c = 0; c < gates; c++) {
            y[i + c] = tf_product(p, x[i + c], gate[c]);
        }
    }
}
