#ifndef TF_PAIR_H
#define TF_PAIR_H

#include "tf_bytes.h"
#include "tf_kernels.h"

/*
 * A pair holds K values each of two rows as int16: [K / 4][row 0..1][4 values]. K is rounded up to a multiple of 4, the
 * values beyond are 0. A pair is 4-byte aligned.
 */
#define TF_PAIR_PRODUCTS 4

static inline int32_t tf_pair_groups(int32_t k) { return (k + 3) / 4; }

/* Elements (int16) of a pair. */
static inline int32_t tf_pair_elements(int32_t k) { return 8 * tf_pair_groups(k); }

/* acc[2r + s] += row r of a times row s of b, modulo 2^32; groups >= 1 is that of both pairs. */
void tf_pair_dot(int32_t groups, const int16_t *a, const int16_t *b, int32_t acc[TF_PAIR_PRODUCTS]);

static inline uint32_t tf_load2(const int8_t *at) {
    uint16_t half;
    memcpy(&half, at, 2);
    return half;
}

/*
 * Packs two neighbouring columns of an int8 matrix, or with columns = 1 one and a row of zeros: value k of row r is
 * first[k * step + r] + add, k < n.
 */
static inline void tf_pack_columns(int32_t n, const int8_t *first, int32_t step, int32_t columns, int32_t add,
                                   int16_t *pair) {
    const uint32_t adds = tf_halves(add, add);
    for (; n >= 4 && columns == 2; n -= 4, first += 4 * step, pair += 8) {
        const uint32_t low = tf_load2(first) | tf_load2(first + step) << 16;
        const uint32_t high = tf_load2(first + 2 * step) | tf_load2(first + 3 * step) << 16;
        tf_store4(pair, tf_sxtab16(adds, low));
        tf_store4(pair + 2, tf_sxtab16(adds, high));
        tf_store4(pair + 4, tf_sxtab16_ror8(adds, low));
        tf_store4(pair + 6, tf_sxtab16_ror8(adds, high));
    }
    for (; n > 0; n -= 4, first += 4 * step, pair += 8) {
        for (int32_t k = 0; k < 4; k++) {
            for (int32_t r = 0; r < 2; r++) {
                pair[4 * r + k] = (int16_t)(k < n && r < columns ? first[k * step + r] + add : 0);
            }
        }
    }
}

#endif
