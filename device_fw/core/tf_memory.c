#include "tf_device.h"

static uint32_t shared_elements(const tf_model *model, uint8_t is_bias) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        if (model->tensors[i].is_shared && model->tensors[i].is_bias == is_bias) {
            count += model->tensors[i].count;
        }
    }
    return count;
}

uint32_t tf_shared_weights(const tf_model *model) { return shared_elements(model, 0); }

uint32_t tf_shared_biases(const tf_model *model) { return shared_elements(model, 1); }

uint32_t tf_device_memory_bytes(const tf_model *model, uint16_t capacity) {
    return TF_DEVICE_MEMORY_BYTES(model->trained_weights, model->trained_biases, tf_shared_weights(model),
                                  tf_shared_biases(model), model->arena_bytes, model->input_bytes, capacity);
}

/* Cuts the next plane off the block. */
static void *cut(uint8_t **at, uint32_t bytes) {
    void *plane = *at;
    *at += TF_ALIGN8(bytes);
    return plane;
}

int tf_device_memory_place(tf_device_memory *memory, const tf_model *model, uint16_t capacity, void *block,
                           uint32_t bytes) {
    if (!memory || !model || !block || !capacity || ((uintptr_t)block & 7u)) {
        return TF_ERR_ARGUMENT;
    }
    if (bytes < tf_device_memory_bytes(model, capacity)) {
        return TF_ERR_SPACE;
    }
    const uint32_t weights = tf_shared_weights(model);
    const uint32_t biases = tf_shared_biases(model);
    uint8_t *at = block;
    *memory = (tf_device_memory){.capacity = capacity};
    memory->arena = cut(&at, model->arena_bytes);
    memory->b = cut(&at, 4u * model->trained_biases);
    memory->base_b = cut(&at, 4u * biases);
    memory->base_w = cut(&at, 2u * weights);
    memory->residual = cut(&at, 2u * (weights + biases));
    memory->labels = cut(&at, 2u * capacity);
    memory->order = cut(&at, 2u * capacity);
    memory->origins = cut(&at, capacity);
    memory->w = cut(&at, model->trained_weights);
    memory->f = cut(&at, model->trained_weights);
    memory->windows = cut(&at, capacity * model->input_bytes);
    return TF_OK;
}
