#include "tf_arith.h"
#include "tf_kernels.h"

#define EXP_END 177

/* EX[d + 1] = 65536 exp(-(d + 1)/16), rounded; EX[0] = 65536 does not fit. */
static const uint16_t EXP[EXP_END - 1] = {
    61565, 57835, 54331, 51039, 47947, 45042, 42313, 39750, 37341, 35079, 32954, 30957, 29081, 27319, 25664, 24109,
    22649, 21276, 19987, 18776, 17639, 16570, 15566, 14623, 13737, 12905, 12123, 11388, 10698, 10050, 9441,  8869,
    8332,  7827,  7353,  6907,  6489,  6096,  5726,  5380,  5054,  4747,  4460,  4190,  3936,  3697,  3473,  3263,
    3065,  2879,  2705,  2541,  2387,  2243,  2107,  1979,  1859,  1746,  1641,  1541,  1448,  1360,  1278,  1200,
    1128,  1059,  995,   935,   878,   825,   775,   728,   684,   642,   604,   567,   533,   500,   470,   442,
    415,   390,   366,   344,   323,   303,   285,   268,   252,   236,   222,   209,   196,   184,   173,   162,
    153,   143,   135,   127,   119,   112,   105,   99,    93,    87,    82,    77,    72,    68,    64,    60,
    56,    53,    50,    47,    44,    41,    39,    36,    34,    32,    30,    28,    27,    25,    23,    22,
    21,    19,    18,    17,    16,    15,    14,    13,    13,    12,    11,    10,    10,    9,     9,     8,
    8,     7,     7,     6,     6,     6,     5,     5,     5,     4,     4,     4,     4,     3,     3,     3,
    3,     3,     2,     2,     2,     2,     2,     2,     2,     2,     1,     1,     1,     1,     1,     1,
};

static uint32_t exp_q16(int32_t d) { return d == 0 ? 65536u : d < EXP_END ? EXP[d - 1] : 0u; }

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
        p[c] = exp_q16(top - logits[c]);
        sum += p[c];
    }
    for (uint16_t c = 0; c < classes; c++) {
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
    const tf_loss loss = {sum / steps, (int8_t)(15 - shift), m == 0};
    return loss;
}
