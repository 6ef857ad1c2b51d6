#include "tf_kernels.h"

void tf_mask_grad(int8_t lo, int8_t hi, uint8_t mask_lo, uint8_t mask_hi, uint32_t count, const int8_t *y,
                  tf_grad *grad) {
    const int32_t low = mask_lo ? lo : INT8_MIN - 1;
    const int32_t high = mask_hi ? hi : INT8_MAX + 1;
    for (uint32_t i = 0; i < count; i++) {
        grad[i] = y[i] > low && y[i] < high ? grad[i] : 0;
    }
}
