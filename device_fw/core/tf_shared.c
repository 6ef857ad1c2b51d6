#include "tf_shared.h"

#include "tf_arith.h"
#include "tf_frame.h"

#define MASTER_LIMIT 32512
#define BIAS_LIMIT ((int64_t)1 << 30)

static void enter(tf_cursor *at) {
    const tf_model *model = at->model;
    while (at->tensor < model->tensor_count &&
           !(model->tensors[at->tensor].is_shared && model->tensors[at->tensor].count)) {
        at->tensor++;
    }
    at->left = 0;
    if (at->tensor < model->tensor_count) {
        at->plane = model->tensors[at->tensor].offset;
        at->left = model->tensors[at->tensor].count;
    }
}

tf_cursor tf_cursor_at(const tf_model *model, uint32_t index) {
    tf_cursor at = {.model = model, .index = index};
    uint32_t skip = index;
    enter(&at);
    while (at.left && skip >= at.left) {
        skip -= at.left;
        at.tensor++;
        at.shared++;
        enter(&at);
    }
    at.plane += skip;
    at.left -= skip;
    return at;
}

void tf_cursor_next(tf_cursor *at) {
    at->index++;
    at->plane++;
    if (--at->left == 0) {
        at->tensor++;
        at->shared++;
        enter(at);
    }
}

static int is_bias(const tf_cursor *at) { return at->model->tensors[at->tensor].is_bias; }

uint32_t tf_shared_count(const tf_device *dev) { return dev->shared_weights + dev->shared_biases; }

uint32_t tf_shared_part_end(const tf_device *dev, uint32_t start) {
    return start < dev->shared_weights ? dev->shared_weights : tf_shared_count(dev);
}

static int64_t factory_at(const tf_device *dev, const tf_cursor *at) {
    return is_bias(at) ? dev->model->factory_biases[at->plane] : 256 * (int64_t)dev->model->factory_weights[at->plane];
}

static int64_t base_at(const tf_device *dev, const tf_cursor *at) {
    return is_bias(at) ? dev->mem.base_b[at->index - dev->shared_weights] : dev->mem.base_w[at->index];
}

static int64_t local_at(const tf_device *dev, const tf_cursor *at) {
    return is_bias(at) ? dev->net.b[at->plane] : 256 * (int64_t)dev->net.w[at->plane] + dev->net.f[at->plane] - 128;
}

void tf_base_set(tf_device *dev, const tf_cursor *at, int32_t offset) {
    const int64_t value = factory_at(dev, at) + offset;
    if (is_bias(at)) {
        dev->mem.base_b[at->index - dev->shared_weights] = (int32_t)tf_clamp64(value, -BIAS_LIMIT, BIAS_LIMIT);
    } else {
        dev->mem.base_w[at->index] = (int16_t)tf_clamp64(value, -MASTER_LIMIT, MASTER_LIMIT);
    }
}

static uint32_t crc_word(uint32_t crc, uint32_t word) {
    const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
    return tf_crc32(crc, bytes, sizeof bytes);
}

uint32_t tf_base_digest(const tf_device *dev) {
    uint32_t crc = 0;
    for (tf_cursor at = tf_cursor_at(dev->model, 0); at.left; tf_cursor_next(&at)) {
        crc = crc_word(crc, (uint32_t)(base_at(dev, &at) - factory_at(dev, &at)));
    }
    return crc;
}

void tf_base_reset(tf_device *dev) {
    for (tf_cursor at = tf_cursor_at(dev->model, 0); at.left; tf_cursor_next(&at)) {
        tf_base_set(dev, &at, 0);
    }
}

void tf_base_apply(tf_device *dev) {
    for (tf_cursor at = tf_cursor_at(dev->model, 0); at.left; tf_cursor_next(&at)) {
        const int32_t value = (int32_t)base_at(dev, &at);
        if (is_bias(&at)) {
            dev->net.b[at.plane] = value;
        } else {
            const int32_t high = (int32_t)((uint32_t)(value + 128 + 65536) >> 8) - 256;
            dev->net.w[at.plane] = (int8_t)high;
            dev->net.f[at.plane] = (uint8_t)(value + 128 - 256 * high);
        }
    }
}

static int within(int64_t value, int64_t limit) { return value >= -limit && value <= limit; }

int tf_numbers_possible(const tf_device *dev) {
    int possible = 1;
    for (uint32_t i = 0; i < dev->model->trained_weights; i++) {
        possible &= dev->net.w[i] > INT8_MIN;
    }
    for (uint32_t i = 0; i < dev->model->trained_biases; i++) {
        possible &= within(dev->net.b[i], BIAS_LIMIT);
    }
    for (uint32_t i = 0; i < dev->shared_weights; i++) {
        possible &= within(dev->mem.base_w[i], MASTER_LIMIT);
    }
    for (uint32_t i = 0; i < dev->shared_biases; i++) {
        possible &= within(dev->mem.base_b[i], BIAS_LIMIT);
    }
    return possible;
}

typedef struct {
    int32_t q;
    int16_t residual;
} quantised;

static quantised quantise(const tf_device *dev, const tf_cursor *at) {
    const uint8_t shift = dev->job.shifts[at->shared];
    const int32_t limit = is_bias(at) ? 32767 : 127;
    const int64_t t = local_at(dev, at) - base_at(dev, at) + dev->mem.residual[at->index];
    const int32_t q = (int32_t)tf_clamp64(tf_round_shift64(t, shift), -limit, limit);
    const int64_t rest = t - q * ((int64_t)1 << shift);
    return (quantised){.q = q, .residual = (int16_t)tf_clamp64(rest, INT16_MIN, INT16_MAX)};
}

int32_t tf_delta_at(const tf_device *dev, const tf_cursor *at) { return quantise(dev, at).q; }

uint32_t tf_delta_digest(const tf_device *dev) {
    uint32_t crc = 0;
    for (tf_cursor at = tf_cursor_at(dev->model, 0); at.left; tf_cursor_next(&at)) {
        crc = crc_word(crc, (uint32_t)quantise(dev, &at).q);
    }
    return crc;
}

void tf_delta_fold(tf_device *dev) {
    for (tf_cursor at = tf_cursor_at(dev->model, 0); at.left; tf_cursor_next(&at)) {
        dev->mem.residual[at.index] = quantise(dev, &at).residual;
    }
}

uint32_t tf_weights_digest(const tf_device *dev) {
    uint32_t crc = 0;
    for (uint32_t i = 0; i < dev->model->trained_weights; i++) {
        const uint8_t byte = (uint8_t)dev->net.w[i];
        crc = tf_crc32(crc, &byte, 1);
    }
    crc = tf_crc32(crc, dev->net.f, dev->model->trained_weights);
    for (uint32_t i = 0; i < dev->model->trained_biases; i++) {
        crc = crc_word(crc, (uint32_t)dev->net.b[i]);
    }
    return crc;
}
