#include "tf_round.h"

tf_verdict tf_evaluation_start(tf_device *dev, uint32_t set) {
    const int8_t *x;
    uint16_t label;
    if (dev->state == TF_TRAINING || dev->stale) {
        return (tf_verdict){TF_ERR_STATE, TF_FIELD_STATE, dev->state};
    }
    if ((dev->evaluation.active || dev->evaluation.finished) && dev->evaluation.set == set) {
        return TF_AGREED;
    }
    const int status = dev->port->sample(dev->port->ctx, set, 0, &x, &label);
    if (status < 0) {
        return (tf_verdict){status == TF_ERR_EMPTY ? TF_ERR_EMPTY : TF_ERR_IO, TF_FIELD_SET, set};
    }
    dev->evaluation = (tf_evaluation){.set = set, .active = 1};
    return TF_AGREED;
}

int tf_evaluation_step(tf_device *dev) {
    tf_evaluation *evaluation = &dev->evaluation;
    const int8_t *x;
    uint16_t label;
    const int status = dev->port->sample(dev->port->ctx, evaluation->set, evaluation->windows, &x, &label);
    if (status == TF_ERR_EMPTY) {
        evaluation->active = 0;
        evaluation->finished = 1;
        return TF_OK;
    }
    if (status < 0) {
        *evaluation = (tf_evaluation){0};
        return TF_ERR_IO;
    }
    const tf_model *model = dev->model;
    const int16_t *logits = tf_logits(dev);
    model->forward(&dev->net, x, tf_logits(dev));
    for (uint32_t t = 0; t < model->steps; t++) {
        const uint16_t wanted = model->target ? (uint16_t)(x[model->target + t] + 128) : label;
        evaluation->correct += tf_class_of(logits + t * model->classes, model->classes) == wanted;
    }
    evaluation->count += model->steps;
    evaluation->windows++;
    return TF_OK;
}
