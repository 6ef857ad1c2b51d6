#include "tf_rows.h"

void tf_save_mask(int8_t lo, int8_t hi, uint8_t mask_lo, uint8_t mask_hi, uint32_t elements, const tf_rows *y,
                  tf_span rows, uint8_t *bits) {
    const int32_t low = mask_lo ? lo : INT8_MIN - 1;
    const int32_t high = mask_hi ? hi : INT8_MAX + 1;
    const uint32_t stride = (elements + 7u) / 8u;
    for (int32_t r = rows.first; r < rows.end; r++) {
        const int8_t *row = tf_row(y, r);
        uint8_t *to = bits + (uint32_t)r * stride;
        for (uint32_t i = 0; i < elements; i += 8u) {
            const uint32_t n = elements - i < 8u ? elements - i : 8u;
            uint32_t byte = 0;
            for (uint32_t k = 0; k < n; k++) {
                byte |= (uint32_t)(row[i + k] > low && row[i + k] < high) << k;
            }
            *to++ = (uint8_t)byte;
        }
    }
}
