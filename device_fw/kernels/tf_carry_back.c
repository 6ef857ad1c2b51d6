#include "tf_recurrent.h"

#define COLUMNS 4 /* whose sums stay in registers */

static void add(const tf_recurrent_grad *rg, int64_t acc, int32_t *carry) {
    *carry += tf_carry_clamp(tf_round_shift64(acc * rg->gm, rg->gs));
}

/* Four neighbouring units; w: the first one's column. */
static void add_four(const tf_recurrent_grad *rg, int32_t sums, int32_t units, const int8_t *w, const int32_t *folded,
                     int32_t *carry) {
    int64_t acc0 = 0, acc1 = 0, acc2 = 0, acc3 = 0;
    for (int32_t c = 0; c < sums; c++, w += units) {
        const int64_t u = folded[c];
        acc0 += u * w[0];
        acc1 += u * w[1];
        acc2 += u * w[2];
        acc3 += u * w[3];
    }
    add(rg, acc0, carry);
    add(rg, acc1, carry + 1);
    add(rg, acc2, carry + 2);
    add(rg, acc3, carry + 3);
}

void tf_carry_back(const tf_recurrent_grad *rg, int32_t sums, int32_t units, const int8_t *w, const int32_t *folded,
                   int32_t *carry) {
    int32_t i = 0;
    for (; units - i >= COLUMNS; i += COLUMNS) {
        add_four(rg, sums, units, w + i, folded, carry + i);
    }
    for (; i < units; i++) {
        int64_t acc = 0;
        for (int32_t c = 0; c < sums; c++) {
            acc += (int64_t)folded[c] * w[c * units + i];
        }
        add(rg, acc, carry + i);
    }
}
