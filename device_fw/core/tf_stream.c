#include "tf_stream.h"

#include <string.h>

#include "tf_sample.h"

/* Whether the labels of a window's steps stand behind them; those of a language are its tokens. */
static int labels_apart(const tf_model *model) { return model->target && !model->tokens; }

/* Bytes of the steps in a window. */
static uint32_t value_bytes(const tf_model *model) { return labels_apart(model) ? model->target : model->input_bytes; }

static uint32_t window_steps(const tf_model *model) { return value_bytes(model) / model->step_bytes; }

uint32_t tf_stream_bytes(const tf_model *model) {
    return model->stream ? TF_STREAM_BYTES(model->stream_bytes, model->input_bytes) : 0;
}

int tf_stream_place(tf_stream *stream, const tf_model *model, void *block, uint32_t bytes) {
    if (!stream || !model || !model->stream || !block || ((uintptr_t)block & 7u)) {
        return TF_ERR_ARGUMENT;
    }
    if (bytes < tf_stream_bytes(model)) {
        return TF_ERR_SPACE;
    }
    *stream = (tf_stream){.state = block, .window = (int8_t *)block + TF_ALIGN8(model->stream_bytes)};
    return TF_OK;
}

/* A window of this stream that waits for its label is about to change. */
static void withdraw(tf_device *dev, const tf_stream *stream) {
    if (dev->window == stream->window) {
        dev->window = NULL;
    }
}

void tf_stream_begin(tf_device *dev, tf_stream *stream) {
    withdraw(dev, stream);
    memset(stream->state, 0, dev->model->stream_bytes);
    stream->held = stream->labelled = 0;
    stream->newest_label = 0;
}

/* The step into the history, whose oldest one leaves it. */
static void remember(const tf_model *model, tf_stream *stream, const int8_t *x) {
    const uint32_t values = value_bytes(model), step = model->step_bytes;
    memmove(stream->window, stream->window + step, values - step);
    memcpy(stream->window + values - step, x, step);
    if (labels_apart(model)) {
        int8_t *labels = stream->window + model->target;
        memmove(labels, labels + 1, model->steps - 1u);
    }
    stream->held += stream->held < window_steps(model);
    stream->labelled = stream->newest_label ? stream->labelled : 0;
    stream->newest_label = 0;
}

int tf_stream_step(tf_device *dev, tf_stream *stream, const int8_t *x, uint32_t n, int16_t *logits) {
    int status = logits ? tf_sample_step(dev->model, x, n) : TF_ERR_ARGUMENT;
    if (status == TF_OK) {
        status = dev->model->stream(&dev->net, stream->state, x, logits);
    }
    if (status == TF_OK) {
        withdraw(dev, stream);
        remember(dev->model, stream, x);
    }
    return status;
}

int tf_stream_replay(tf_device *dev, tf_stream *stream, uint32_t keep) {
    const tf_model *model = dev->model;
    if (keep > stream->held) {
        return TF_ERR_ARGUMENT;
    }
    memset(stream->state, 0, model->stream_bytes);
    const int8_t *x = stream->window + value_bytes(model) - keep * model->step_bytes;
    int status = TF_OK;
    for (; keep > 0 && status == TF_OK; keep--, x += model->step_bytes) {
        status = model->stream(&dev->net, stream->state, x, tf_logits(dev));
    }
    return status;
}

int tf_stream_label(const tf_device *dev, tf_stream *stream, uint16_t label) {
    const tf_model *model = dev->model;
    if (!labels_apart(model) || label >= model->classes) {
        return TF_ERR_ARGUMENT;
    }
    if (stream->held == 0) {
        return TF_ERR_EMPTY;
    }
    stream->window[model->input_bytes - 1u] = (int8_t)(label - 128);
    stream->labelled += !stream->newest_label && stream->labelled < model->steps;
    stream->newest_label = 1;
    return TF_OK;
}

int tf_stream_push(tf_device *dev, const tf_stream *stream) {
    const tf_model *model = dev->model;
    const int unlabelled = labels_apart(model) && (!stream->newest_label || stream->labelled < model->steps);
    if (stream->held < window_steps(model) || unlabelled) {
        return TF_ERR_EMPTY;
    }
    return tf_push_sample(dev, stream->window, model->input_bytes);
}
