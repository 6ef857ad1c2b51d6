#ifndef TF_STREAM_H
#define TF_STREAM_H

#include "tf_device.h"

/*
 * A sequence that comes one step at a time: the state that the network has reached, and the device's own history, the
 * last steps, as many as a window has, to be stored and learned. All memory is the caller's; a device may have several.
 * The network's C is to be compiled with TF_STREAM defined.
 *
 *     tf_stream_place(&stream, &model, block, sizeof block);
 *     tf_stream_begin(&dev, &stream);
 *     for (each step) {
 *         if (tf_stream_step(&dev, &stream, x, n, logits) == TF_ERR_SPACE) {
 *             tf_stream_replay(&dev, &stream, keep); then the same step again
 *         }
 *         if (its wearer says what this was) tf_stream_push(&dev, &stream) and tf_label(&dev, label, TF_FRESH);
 *     }
 */
typedef struct {
    void *state;          /* [model->stream_bytes], of the network */
    int8_t *window;       /* [input_bytes], the history in the form of a window, its newest step last */
    uint32_t held;        /* steps in the window */
    uint32_t labelled;    /* the newest steps that have a label, one after another */
    uint8_t newest_label; /* the newest step has one */
} tf_stream;

/* Bytes of one 8-byte aligned block for a stream; a constant expression, for static storage. */
#define TF_STREAM_BYTES(stream_bytes, input_bytes) (TF_ALIGN8(stream_bytes) + TF_ALIGN8(input_bytes))

/* TF_STREAM_BYTES of this model; 0: it cannot be computed step by step. */
uint32_t tf_stream_bytes(const tf_model *model);
/*
 * TF_ERR_ARGUMENT: block not 8-byte aligned, or a model that cannot be computed step by step; TF_ERR_SPACE: block too
 * small.
 */
int tf_stream_place(tf_stream *stream, const tf_model *model, void *block, uint32_t bytes);

/* A new sequence, without a history. */
void tf_stream_begin(tf_device *dev, tf_stream *stream);

/*
 * The next step of n = model->step_bytes bytes, int8 in the model's input scale or token - 128, into the history;
 * logits: room for int16 [classes], what the network says of that step, or of the sequence that ends with it;
 * tf_logits() will do. Possible at any time. A window of this stream that was shown and not labelled is shown no
 * longer. TF_ERR_EMPTY: n = 0; TF_ERR_SPACE: n too large, or the sequence is as long as the network was compiled for
 * (one with attention or positions), see tf_stream_replay; TF_ERR_ARGUMENT: n too small, or a token that it does not
 * know. After an error all is as it was before.
 */
int tf_stream_step(tf_device *dev, tf_stream *stream, const int8_t *x, uint32_t n, int16_t *logits);

/*
 * Computes the state anew, from the last `keep` steps of the history alone and with the weights as they are: after
 * training, or to go on with a sequence that became as long as the network was compiled for. Takes the time of so many
 * steps. TF_ERR_ARGUMENT: more than the history has, then nothing has changed; TF_ERR_SPACE: more than the network was
 * compiled for, then the state is that of the first of them.
 */
int tf_stream_replay(tf_device *dev, tf_stream *stream, uint32_t keep);

/*
 * The label of the newest step, for a network that is trained on one a step. The next token is the label of a language.
 * TF_ERR_EMPTY before the first step; TF_ERR_ARGUMENT: a class that does not exist, or a network of another kind.
 */
int tf_stream_label(const tf_device *dev, tf_stream *stream, uint16_t label);

/*
 * tf_push_sample of the history: tf_label(dev, label, origin) puts it into the store. TF_ERR_EMPTY: fewer steps so far
 * than a window has, or some of them without the label that each one needs.
 */
int tf_stream_push(tf_device *dev, const tf_stream *stream);

#endif
