#ifndef TF_PAIR_H
#define TF_PAIR_H

#include "tf_bytes.h"
#include "tf_planes.h"

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

/* Four neighbouring columns of 4 * groups rows of an int8 matrix plus add: groups >= 1 of the two pairs. */
void tf_pack_quads(int32_t groups, const int8_t *first, int32_t step, uint32_t adds, int16_t *pairs, int16_t *second);

/*
 * Packs `columns` (1 .. 4) neighbouring columns of an int8 matrix into two pairs, one behind the other: value k of row
 * r is first[k * step + r] + add, k < n; further rows are 0.
 */
static inline void tf_pack_columns(int32_t n, const int8_t *first, int32_t step, int32_t columns, int32_t add,
                                   int16_t *pairs) {
    const uint32_t adds = tf_halves(add, add);
    int16_t *second = pairs + tf_pair_elements(n);
    if (n >= 4 && columns == 4) {
        const int32_t groups = n / 4;
        tf_pack_quads(groups, first, step, adds, pairs, second);
        n -= 4 * groups;
        first += 4 * groups * step;
        pairs += 8 * groups;
        second += 8 * groups;
    }
    for (; n > 0; n -= 4, first += 4 * step, pairs += 8, second += 8) {
        for (int32_t k = 0; k < 4; k++) {
            for (int32_t r = 0; r < 4; r++) {
                int16_t *value = (r < 2 ? pairs : second) + 4 * (r & 1) + k;
                *value = (int16_t)(k < n && r < columns ? first[k * step + r] + add : 0);
            }
        }
    }
}

#endif
