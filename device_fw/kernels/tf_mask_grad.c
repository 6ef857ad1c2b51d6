#include "tf_bytes.h"
#include "tf_mask.h"

#if TF_DSP && TF_GRAD_BITS == 8

/* Four bits as bytes of 0 or 255. */
static uint32_t spread(uint32_t bits) { return ((bits & 15u) * 0x00204081u & 0x01010101u) * 255u; }

/* Eight elements at a time. Returns how many it did. */
static uint32_t mask_eights(uint32_t elements, const uint8_t *bits, tf_grad *grad) {
    const uint32_t end = elements & ~7u;
    for (const tf_grad *last = grad + end; grad != last; grad += 8) {
        const uint32_t byte = *bits++;
        tf_store4(grad, tf_load4(grad) & spread(byte));
        tf_store4(grad + 4, tf_load4(grad + 4) & spread(byte >> 4));
    }
    return end;
}

#else

/* NOLINTNEXTLINE(readability-non-const-parameter): of the type of the other one */
static uint32_t mask_eights(uint32_t elements, const uint8_t *bits, tf_grad *grad) {
    (void)elements, (void)bits, (void)grad;
    return 0;
}

#endif

void tf_mask_grad(uint32_t rows, uint32_t elements, const uint8_t *bits, tf_grad *grad) {
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t i = mask_eights(elements, bits, grad); i < elements; i++) {
            grad[i] = (tf_grad)(bits[i >> 3] >> (i & 7u) & 1u ? grad[i] : 0);
        }
        bits += tf_mask_bytes(elements);
        grad += elements;
    }
}
