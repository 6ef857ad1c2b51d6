#include "tf_attention.h"
#include "tf_exp.h"

/* F[f] = 32768 exp(-f/256), rounded. */
static const uint16_t FINE[16] = {32768, 32640, 32513, 32386, 32260, 32134, 32009, 31884,
                                  31760, 31636, 31513, 31390, 31267, 31146, 31024, 30903};

/* E of D. */
static uint32_t term(int32_t below) { return (tf_exp_q16(below >> 4) * FINE[below & 15] + 0x4000u) >> 15; }

static int32_t weight_of(const tf_softmax_row *row, uint32_t e) {
    return (int32_t)((e * row->factor + ((uint32_t)1 << (row->shift - 1))) >> row->shift);
}

int32_t tf_attention_weight(const tf_softmax_row *row, int32_t logit) { return weight_of(row, term(row->top - logit)); }

static tf_softmax_row softmax(int32_t n, int32_t *row) {
    int32_t top = row[0];
    for (int32_t j = 1; j < n; j++) {
        top = row[j] > top ? row[j] : top;
    }
    uint32_t sum = 0;
    for (int32_t j = 0; j < n; j++) {
        const uint32_t e = term(top - row[j]);
        row[j] = (int32_t)e;
        sum += e;
    }
    int16_t shift = 16;
    for (; sum >> 17 != 0; sum >>= 1) {
        shift++;
    }
    const tf_softmax_row how = {top, (uint16_t)(0x80000000u / (sum | 0x10000u)), shift}; /* bit 16 is set */
    for (int32_t j = 0; j < n; j++) {
        row[j] = weight_of(&how, (uint32_t)row[j]);
    }
    return how;
}

tf_softmax_row tf_attention_row(const tf_attention *p, const tf_head *h, const int8_t *q, int32_t seen,
                                int32_t *weights, int16_t *kept) {
    const int32_t offset = h->zero_point * tf_dots_keep(h->size, q, h->zero_point, kept);
    const int8_t *k = h->k;
    for (int32_t j = 0; j < seen; j++, k += h->step) {
        weights[j] = tf_attention_logit(p, tf_dot(h->size, kept, k) - offset);
    }
    return softmax(seen, weights);
}
