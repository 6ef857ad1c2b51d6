#ifndef TF_NET_H
#define TF_NET_H

#include <stdint.h>

#include "tf_status.h"

/*
 * What the compiler generates and the device core uses: one constant tf_model, and per device one tf_net whose
 * memory the caller owns. Nothing here is global or allocated; several tf_net may share a model.
 */

/* Memory of one network instance. The caller provides every plane; see tf_model for their sizes. */
typedef struct {
    int8_t *w;      /* [trained_weights] high byte of each trained weight: the int8 weight the forward pass reads */
    uint8_t *f;     /* [trained_weights] low byte: master W = 256 w + f - 128 (Q8.8); unused without fraction_bits */
    int32_t *b;     /* [trained_biases] */
    uint8_t *arena; /* [arena_bytes], 8-byte aligned; contents are lost between calls */
    uint32_t step;  /* n of docs/NUMERICS.md section 8: advances by one each training step */
    uint32_t seed;
    int8_t lr_shift;    /* learning rate = compiled rate * 2^-lr_shift; -8..8 */
    uint32_t saturated; /* gradient elements that hit +-GQ since the caller last cleared it */
} tf_net;

/* One trained tensor, in the order of the graph. Weights and biases live in separate planes. */
typedef struct {
    uint32_t offset; /* first element in tf_net.w/.f (weight) or tf_net.b (bias) */
    uint32_t count;
    uint8_t is_bias;
    uint8_t is_shared; /* 1: its delta travels; 0: personal, never leaves the device */
} tf_tensor;

typedef struct tf_model {
    uint32_t network_id; /* first four bytes of the SHA-256 of graph and constants */
    uint32_t scheme_id;  /* first four bytes of the SHA-256 of what trains and what is shared */
    uint32_t input_bytes;
    uint16_t classes;
    uint16_t steps;  /* of a sample, each with class scores of its own; 1: a classifier */
    uint32_t target; /* 0: a sample has one label; else where in it the labels of its steps begin, label - 128 each */
    uint16_t tokens; /* a sample begins with tokens below this, token - 128 each; 0: with anything */
    uint16_t tensor_count;
    uint8_t fraction_bits; /* 8, or 0: trained weights are int8 alone, for a device that learns by itself */
    uint32_t trained_weights;
    uint32_t trained_biases;
    uint32_t arena_bytes;
    uint32_t logits;               /* where in the arena is room for int16 [steps][classes] */
    const tf_tensor *tensors;      /* [tensor_count]; all weight tensors first, then all bias tensors */
    const int8_t *factory_weights; /* [trained_weights] */
    const int32_t *factory_biases; /* [trained_biases] */

    /* x: int8 [input_bytes], H W C order, in the model's input scale. logits: [steps][classes], unit 1/16 nat. */
    void (*forward)(tf_net *net, const int8_t *x, int16_t *logits);

    /* One step of SGD. label < classes; not used with a target. Returns p(label) before the step, Q15 (0..32768). */
    uint32_t (*train_step)(tf_net *net, const int8_t *x, uint16_t label);

    /*
     * Of a network over sequences whose every step follows from the steps up to it, if net.c was compiled with
     * TF_STREAM defined; else null. One step x: int8 [step_bytes]; logits: [classes], what forward says of that step,
     * or of the sequence that ends with it. state is the caller's, 4-byte aligned; all bytes zero begin a sequence. x
     * lies outside of the arena. TF_ERR_SPACE: the sequence is as long as the network was compiled for.
     */
    uint32_t stream_bytes; /* of state */
    uint32_t step_bytes;
    int (*stream)(tf_net *net, void *state, const int8_t *x, int16_t *logits);
} tf_model;

#endif
