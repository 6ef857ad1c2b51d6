#include "tf_kernels.h"

void tf_clamp_s8(int8_t lo, int8_t hi, uint32_t count, const int8_t *x, int8_t *y) {
    for (uint32_t i = 0; i < count; i++) {
        y[i] = (int8_t)(x[i] < lo ? lo : x[i] > hi ? hi : x[i]);
    }
}
