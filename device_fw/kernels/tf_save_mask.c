#include "tf_mask.h"
#include "tf_rows.h"

/* The bits of n <= 8 elements. */
static uint8_t passing(int32_t low, int32_t high, uint32_t n, const int8_t *y) {
    uint32_t byte = 0;
    for (uint32_t i = 0; i < n; i++) {
        byte |= (uint32_t)(y[i] > low && y[i] < high) << i;
    }
    return (uint8_t)byte;
}

void tf_save_mask(int8_t lo, int8_t hi, uint8_t mask_lo, uint8_t mask_hi, uint32_t elements, const tf_rows *y,
                  tf_span rows, uint8_t *bits) {
    const int32_t low = mask_lo ? lo : INT8_MIN - 1;
    const int32_t high = mask_hi ? hi : INT8_MAX + 1;
    for (int32_t r = rows.first; r < rows.end; r++) {
        const int8_t *row = tf_row(y, r);
        uint8_t *row_bits = bits + (uint32_t)r * tf_mask_bytes(elements);
        for (uint32_t i = 0; i < elements; i += 8) {
            *row_bits++ = passing(low, high, elements - i < 8 ? elements - i : 8, row + i);
        }
    }
}
