#include "tf_mask.h"

void tf_mask_grad(uint32_t rows, uint32_t elements, const uint8_t *bits, tf_grad *grad) {
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t i = 0; i < elements; i++) {
            grad[i] = (tf_grad)(bits[i >> 3] >> (i & 7u) & 1u ? grad[i] : 0);
        }
        bits += tf_mask_bytes(elements);
        grad += elements;
    }
}
