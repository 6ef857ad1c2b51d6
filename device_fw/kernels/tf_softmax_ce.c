#include "tf_arith.h"
#include "tf_exp.h"
#include "tf_kernels.h"

static int32_t largest(uint16_t classes, const int16_t *logits) {
    int32_t best = logits[0];
    for (uint16_t c = 1; c < classes; c++) {
        best = logits[c] > best ? logits[c] : best;
    }
    return best;
}

/* p: [classes], softmax in Q15. */
static void softmax(uint16_t classes, const int16_t *logits, uint32_t *p) {
    const int32_t top = largest(classes, logits);
    uint32_t sum = 0;
    for (uint16_t c = 0; c < classes; c++) {
        p[c] = tf_exp_q16(top - logits[c]);
        sum += p[c];
    }
    for (uint16_t c = 0; c < classes; c++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the largest logit alone adds 65536 */
        p[c] = ((p[c] << 15) + sum / 2u) / sum;
    }
}

static int32_t error_of(const uint32_t *p, uint16_t c, uint16_t label) {
    return (int32_t)p[c] - (c == label ? 32768 : 0);
}

static int32_t largest_error(uint16_t classes, const uint32_t *p, uint16_t label, int32_t m) {
    for (uint16_t c = 0; c < classes; c++) {
        const int32_t g = error_of(p, c, label);
        m = g > m ? g : -g > m ? -g : m;
    }
    return m;
}

/* By how many bits errors up to m are shifted to become gradients. */
static int32_t shift_of(int32_t m) {
    if (m == 0) {
        return 0;
    }
    const int32_t shift = tf_bit_length((uint32_t)m) - (TF_GRAD_BITS - 1);
    return shift + (tf_round_shift64(m, shift) > TF_GQ);
}

static void put_errors(uint16_t classes, const uint32_t *p, uint16_t label, int32_t shift, tf_grad *grad) {
    for (uint16_t c = 0; c < classes; c++) {
        grad[c] = (tf_grad)tf_clamp64(tf_round_shift64(error_of(p, c, label), shift), -TF_GQ, TF_GQ);
    }
}

tf_loss tf_softmax_ce(uint16_t classes, const int16_t *logits, uint16_t label, tf_grad *grad, uint32_t *scratch) {
    uint32_t *p = scratch;
    softmax(classes, logits, p);
    const int32_t m = largest_error(classes, p, label, 0);
    const int32_t shift = shift_of(m);
    put_errors(classes, p, label, shift, grad);
    const tf_loss loss = {p[label], (int8_t)(15 - shift), m == 0};
    return loss;
}

tf_loss tf_softmax_ce_steps(uint32_t steps, uint16_t classes, const int16_t *logits, const int8_t *target,
                            tf_grad *grad, uint32_t *scratch) {
    uint32_t *p = scratch;
    uint32_t sum = steps / 2u;
    int32_t m = 0;
    for (uint32_t t = 0; t < steps; t++) {
        const uint16_t label = (uint16_t)(target[t] + 128);
        softmax(classes, logits + t * classes, p);
        sum += p[label];
        m = largest_error(classes, p, label, m);
    }
    const int32_t shift = shift_of(m);
    for (uint32_t t = 0; t < steps; t++) {
        softmax(classes, logits + t * classes, p);
        put_errors(classes, p, (uint16_t)(target[t] + 128), shift, grad + t * classes);
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): no network has scores of no step */
    const tf_loss loss = {sum / steps, (int8_t)(15 - shift), m == 0};
    return loss;
}
