#include "tf_arith.h"
#include "tf_kernels.h"

/* Sums of both products, the rounding and the zero point up to here stay within int32. */
#define TF_ADD_SMALL ((INT32_MAX - (1 << 19) - (1 << 27)) / 255)

static void add_wide(const tf_add *p, uint32_t count, const int8_t *a, const int8_t *b, int8_t *y) {
    for (uint32_t i = 0; i < count; i++) {
        const int64_t sum = (int64_t)(a[i] - p->zero_point0) * p->m0 + (int64_t)(b[i] - p->zero_point1) * p->m1;
        y[i] = (int8_t)tf_clamp64(tf_round_shift64(sum, 20) + p->zero_point, p->lo, p->hi);
    }
}

void tf_add_s8(const tf_add *p, uint32_t count, const int8_t *a, const int8_t *b, int8_t *y) {
    const int32_t m0 = p->m0, m1 = p->m1, lo = p->lo, hi = p->hi;
    if (m0 < 0 || m1 < 0 || (int64_t)m0 + m1 > TF_ADD_SMALL) {
        add_wide(p, count, a, b, y);
        return;
    }
    const int32_t rest = (1 << 19) + p->zero_point * (1 << 20) - p->zero_point0 * m0 - p->zero_point1 * m1;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t v = tf_floor_shift32(a[i] * m0 + b[i] * m1 + rest, 20);
        y[i] = (int8_t)(v < lo ? lo : v > hi ? hi : v);
    }
}
