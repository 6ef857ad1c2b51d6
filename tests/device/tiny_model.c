#include "tiny_model.h"

#include "tf_arith.h"

/*
 * logit[c] = (sum over i of w[c][i] x[i] + bs[c] + bp[c]) >> 4, with the columns split over three tensors of which the
 * middle one is personal, and one shared and one personal bias. Learning is a dithered perceptron: no good learner,
 * but every bit of it depends on step, seed, window, label and rate.
 */
enum { A_COLUMNS = 4, P_COLUMNS = 2, B_COLUMNS = 2, COLUMNS = 8, P_AT = 12, B_AT = 18, WEIGHTS = 24, BIASES = 6 };

static const tf_tensor tensors[] = {
    {.offset = 0, .count = 12, .is_shared = 1},   {.offset = P_AT, .count = 6},
    {.offset = B_AT, .count = 6, .is_shared = 1}, {.offset = 0, .count = 3, .is_bias = 1, .is_shared = 1},
    {.offset = 3, .count = 3, .is_bias = 1},
};

static const int8_t factory_weights[WEIGHTS] = {5, -3, 127, -127, 0, 1, -1, 100, -100, 64, -64, 7,
                                                9, -9, 3,   -3,   2, 6, 11, -50, 50,   -7, 8,   -2};
static const int32_t factory_biases[BIASES] = {100, -2000, 30000, -4, 5, 1 << 20};

static uint32_t weight_at(uint32_t c, uint32_t i) {
    if (i < A_COLUMNS) {
        return c * A_COLUMNS + i;
    }
    if (i < A_COLUMNS + P_COLUMNS) {
        return P_AT + c * P_COLUMNS + i - A_COLUMNS;
    }
    return B_AT + c * B_COLUMNS + i - A_COLUMNS - P_COLUMNS;
}

static void forward(tf_net *net, const int8_t *x, int16_t *logits) {
    for (uint32_t c = 0; c < TINY_CLASSES; c++) {
        int64_t sum = (int64_t)net->b[c] + net->b[3 + c];
        for (uint32_t i = 0; i < COLUMNS; i++) {
            sum += net->w[weight_at(c, i)] * x[i];
        }
        logits[c] = (int16_t)tf_clamp64(tf_round_shift64(sum, 4), INT16_MIN, INT16_MAX);
    }
}

static uint32_t train_step(tf_net *net, const int8_t *x, uint16_t label) {
    int16_t *logits = (int16_t *)(void *)net->arena;
    forward(net, x, logits);
    uint32_t best = 0;
    for (uint32_t c = 1; c < TINY_CLASSES; c++) {
        best = logits[c] > logits[best] ? c : best;
    }
    const uint32_t base = tf_mix32(net->seed * 0x85ebca6bu + net->step * 0xc2b2ae35u);
    for (uint32_t c = 0; c < TINY_CLASSES; c++) {
        const int32_t g = (c == label) - (c == best);
        for (uint32_t i = 0; i < COLUMNS; i++) {
            const uint32_t at = weight_at(c, i);
            const int32_t dither = (int32_t)(tf_mix32(base + at) & 255u) - 127;
            const int32_t change = (int32_t)tf_round_shift64(g * x[i] * 64 + dither, (uint8_t)(4 + net->lr_shift));
            const int32_t master = 256 * net->w[at] + net->f[at] - 128 + change;
            const int32_t v = (int32_t)tf_clamp64(master, -32512, 32512) + 128;
            const int32_t high = (int32_t)((uint32_t)(v + 65536) >> 8) - 256;
            net->w[at] = (int8_t)high;
            net->f[at] = (uint8_t)(v - 256 * high);
        }
        net->b[c] += 100 * g + (int32_t)(base & 3u);
        net->b[3 + c] += g;
    }
    net->saturated += base & 1u;
    net->step++;
    return best == label ? 30000 : 1000 + (base & 1023u);
}

const tf_model tiny_model = {
    .network_id = 0x11223344u,
    .scheme_id = 0xa5a5f00du,
    .input_bytes = COLUMNS,
    .classes = TINY_CLASSES,
    .steps = 1,
    .tensor_count = 5,
    .fraction_bits = 8,
    .trained_weights = WEIGHTS,
    .trained_biases = BIASES,
    .arena_bytes = 2 * TINY_CLASSES,
    .tensors = tensors,
    .factory_weights = factory_weights,
    .factory_biases = factory_biases,
    .forward = forward,
    .train_step = train_step,
};
