#include "tf_kernels.h"

void tf_mask_grad(uint32_t rows, uint32_t elements, const uint8_t *bits, tf_grad *grad) {
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t i = 0; i < elements; i++) {
            const int32_t passes = bits[i / 8u] >> (i % 8u) & 1;
            grad[i] = (tf_grad)(grad[i] * passes);
        }
        bits += (elements + 7u) / 8u;
        grad += elements;
    }
}
