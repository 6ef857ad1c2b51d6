/* A generated network for ctypes, without the layout of its structs: many samples a call. */
#include <stdint.h>

#include "net.h"

void native_sizes(uint32_t sizes[5]);
uint32_t native_learn(int8_t *w, uint8_t *f, int32_t *b, uint8_t *arena, uint32_t seed, int8_t lr_shift, uint32_t step,
                      uint32_t count, const uint32_t *order, const int8_t *x, const uint16_t *labels);
void native_logits(int8_t *w, uint8_t *f, int32_t *b, uint8_t *arena, uint32_t count, const int8_t *x, int16_t *logits);
void native_factory(int8_t *w, int32_t *b);

/* Elements of the planes w, f and b, bytes of the arena, scores of a sample. */
void native_sizes(uint32_t sizes[5]) {
    sizes[0] = tf_model_net.trained_weights;
    sizes[1] = tf_model_net.fraction_bits ? tf_model_net.trained_weights : 0;
    sizes[2] = tf_model_net.trained_biases;
    sizes[3] = tf_model_net.arena_bytes;
    sizes[4] = (uint32_t)tf_model_net.steps * tf_model_net.classes;
}

void native_factory(int8_t *w, int32_t *b) {
    for (uint32_t i = 0; i < tf_model_net.trained_weights; i++) {
        w[i] = tf_model_net.factory_weights[i];
    }
    for (uint32_t i = 0; i < tf_model_net.trained_biases; i++) {
        b[i] = tf_model_net.factory_biases[i];
    }
}

/* Trains on samples order[0..count-1] of x with their labels, from step number `step`; returns the saturations. */
uint32_t native_learn(int8_t *w, uint8_t *f, int32_t *b, uint8_t *arena, uint32_t seed, int8_t lr_shift, uint32_t step,
                      uint32_t count, const uint32_t *order, const int8_t *x, const uint16_t *labels) {
    tf_net net = {.w = w, .f = f, .b = b, .arena = arena, .step = step, .seed = seed, .lr_shift = lr_shift};
    for (uint32_t i = 0; i < count; i++) {
        (void)tf_model_net.train_step(&net, x + (uint32_t)TF_NET_INPUT_BYTES * order[i], labels[order[i]]);
    }
    return net.saturated;
}

/* Logits [count][steps][classes] of samples x. */
void native_logits(int8_t *w, uint8_t *f, int32_t *b, uint8_t *arena, uint32_t count, const int8_t *x,
                   int16_t *logits) {
    tf_net net = {.w = w, .f = f, .b = b, .arena = arena};
    for (uint32_t i = 0; i < count; i++) {
        tf_model_net.forward(&net, x + (uint32_t)TF_NET_INPUT_BYTES * i,
                             logits + (uint32_t)(TF_NET_STEPS * TF_NET_CLASSES) * i);
    }
}
