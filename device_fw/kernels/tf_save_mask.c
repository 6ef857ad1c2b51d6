#include "tf_bytes.h"
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

#if TF_DSP

/* The elements up to `end`, eight at a time. The flags are constants. */
static inline void save_eights_by(int has_low, int has_high, int32_t low, int32_t high, const int8_t *y,
                                  const int8_t *end, uint8_t *bits) {
    const uint32_t lows = (uint32_t)(uint8_t)low * 0x01010101u, highs = (uint32_t)(uint8_t)high * 0x01010101u;
    for (; y != end; y += 8) {
        const uint32_t y0 = tf_load4(y), y4 = tf_load4(y + 4);
        uint32_t pass0 = 0x08040201u, pass4 = 0x80402010u;
        if (has_low) {
            pass0 = tf_bytes_above(y0, lows, pass0);
            pass4 = tf_bytes_above(y4, lows, pass4);
        }
        if (has_high) {
            pass0 = tf_bytes_below(y0, highs, pass0);
            pass4 = tf_bytes_below(y4, highs, pass4);
        }
        *bits++ = (uint8_t)tf_bytes_sum(pass4, tf_bytes_sum(pass0, 0));
    }
}

/* Limits beyond int8 do not mask. Returns how many elements it did. */
static uint32_t save_eights(int32_t low, int32_t high, uint32_t elements, const int8_t *y, uint8_t *bits) {
    const uint32_t done = elements & ~7u;
    const int8_t *end = y + done;
    if (high > INT8_MAX) {
        save_eights_by(low >= INT8_MIN, 0, low, high, y, end, bits);
    } else if (low < INT8_MIN) {
        save_eights_by(0, 1, low, high, y, end, bits);
    } else {
        save_eights_by(1, 1, low, high, y, end, bits);
    }
    return done;
}

#else

static uint32_t save_eights(int32_t low, int32_t high, uint32_t elements, const int8_t *y, uint8_t *bits) {
    const uint32_t end = elements & ~7u;
    for (uint32_t i = 0; i < end; i += 8) {
        *bits++ = passing(low, high, 8, y + i);
    }
    return end;
}

#endif

void tf_save_mask(int8_t lo, int8_t hi, uint8_t mask_lo, uint8_t mask_hi, uint32_t elements, const tf_rows *y,
                  tf_span rows, uint8_t *bits) {
    const int32_t low = mask_lo ? lo : INT8_MIN - 1;
    const int32_t high = mask_hi ? hi : INT8_MAX + 1;
    for (int32_t r = rows.first; r < rows.end; r++) {
        const int8_t *row = tf_row(y, r);
        uint8_t *row_bits = bits + (uint32_t)r * tf_mask_bytes(elements);
        const uint32_t done = save_eights(low, high, elements, row, row_bits);
        if (done < elements) {
            row_bits[done / 8] = passing(low, high, elements - done, row + done);
        }
    }
}
