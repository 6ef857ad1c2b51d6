#include "tf_device.h"

#include <string.h>

#include "tf_conversation.h"
#include "tf_flash.h"
#include "tf_round.h"
#include "tf_sample.h"
#include "tf_shared.h"
#include "tf_windows.h"

#define SMALLEST_SECTOR 256u

static int complete(const tf_model *model, const tf_port *port, const tf_device_memory *mem,
                    const tf_device_config *config) {
    return model && port && mem && config && config->name && config->name[0] && strlen(config->name) <= TF_NAME_BYTES &&
           port->now_ms && port->flash_read && port->flash_write && port->flash_erase && port->send && port->collect &&
           port->sample && mem->w && mem->f && mem->b && mem->arena && mem->base_w && mem->base_b && mem->residual &&
           mem->windows && mem->labels && mem->origins && mem->order && mem->capacity;
}

static int flash_fits(const tf_device *dev) {
    const tf_port *port = dev->port;
    return port->sector_bytes >= SMALLEST_SECTOR && port->sector_bytes % TF_FLASH_UNIT == 0 &&
           port->flash_bytes % (2u * port->sector_bytes) == 0 &&
           port->flash_bytes / 2u >= tf_device_slot_bytes(dev->model, dev->mem.capacity, port->sector_bytes);
}

static uint16_t shared_tensors(const tf_model *model) {
    uint16_t count = 0;
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        count = (uint16_t)(count + (model->tensors[i].is_shared && model->tensors[i].count));
    }
    return count;
}

/* The state as shipped. */
static int start_from_factory(tf_device *dev, uint32_t seed) {
    const tf_model *model = dev->model;
    memcpy(dev->net.w, model->factory_weights, model->trained_weights);
    memset(dev->net.f, 128, model->trained_weights);
    memcpy(dev->net.b, model->factory_biases, sizeof(int32_t) * model->trained_biases);
    memset(dev->mem.residual, 0, sizeof(int16_t) * tf_shared_count(dev));
    tf_base_reset(dev);
    dev->net.seed = seed;
    dev->net.step = 0;
    dev->base_version = dev->last_round = dev->collected_round = 0;
    dev->window_count = 0;
    dev->pushed = 0;
    dev->boots = 1;
    const int status = dev->port->collect(dev->port->ctx, dev, 0, 0);
    return status < 0 ? TF_ERR_IO : tf_flash_store(dev);
}

int tf_device_init(tf_device *dev, const tf_model *model, const tf_port *port, const tf_device_memory *memory,
                   const tf_device_config *config) {
    if (!dev || !complete(model, port, memory, config) || shared_tensors(model) > TF_SHARED_TENSORS ||
        model->fraction_bits == 0) {
        return TF_ERR_ARGUMENT;
    }
    memset(dev, 0, sizeof *dev);
    dev->model = model;
    dev->port = port;
    dev->mem = *memory;
    dev->name = config->name;
    dev->net = (tf_net){.w = memory->w, .f = memory->f, .b = memory->b, .arena = memory->arena};
    dev->shared_weights = tf_shared_weights(model);
    dev->shared_biases = tf_shared_biases(model);
    dev->shared_tensors = shared_tensors(model);
    if (!flash_fits(dev)) {
        return TF_ERR_SPACE;
    }
    int status = tf_flash_mount(dev);
    if (status == TF_ERR_EMPTY || status == TF_ERR_MALFORMED) {
        status = start_from_factory(dev, config->seed);
    }
    if (status < 0) {
        return status;
    }
    tf_say_hello(dev);
    return TF_OK;
}

int tf_step(tf_device *dev) {
    if (dev->state == TF_TRAINING) {
        tf_round_step(dev);
    } else if (dev->evaluation.active) {
        const int status = tf_evaluation_step(dev);
        if (status < 0) {
            return status;
        }
    } else {
        return 0;
    }
    if (dev->state == TF_TRAINING || dev->evaluation.active) {
        return 1;
    }
    tf_say_done(dev);
    return 0;
}

int16_t *tf_logits(tf_device *dev) { return (int16_t *)(void *)(dev->mem.arena + dev->model->logits); }

int tf_infer(tf_device *dev, const int8_t *x, uint32_t n, int16_t *logits) {
    const int status = logits ? tf_sample_unlabelled(dev->model, x, n) : TF_ERR_ARGUMENT;
    if (status == TF_OK) {
        dev->model->forward(&dev->net, x, logits);
    }
    return status;
}

uint16_t tf_class_of(const int16_t *logits, uint16_t classes) {
    uint16_t best = 0;
    for (uint16_t i = 1; i < classes; i++) {
        if (logits[i] > logits[best]) {
            best = i;
        }
    }
    return best;
}

int tf_push_sample(tf_device *dev, const int8_t *x, uint32_t n) {
    const int status = tf_sample_labelled(dev->model, x, n);
    if (status == TF_OK) {
        dev->window = x;
    }
    return status;
}

/* The window last shown into the store. */
static int put(tf_device *dev, uint16_t label, uint8_t origin) {
    if (dev->state == TF_TRAINING) {
        return TF_ERR_STATE;
    }
    if (!dev->window) {
        return TF_ERR_EMPTY;
    }
    tf_windows_put(dev, dev->window, label, origin);
    dev->window = NULL;
    return TF_OK;
}

int tf_label(tf_device *dev, uint16_t label, uint8_t origin) {
    if (label >= dev->model->classes || origin > TF_FACTORY) {
        return TF_ERR_ARGUMENT;
    }
    return put(dev, label, origin);
}

int tf_label_predicted(tf_device *dev, int16_t margin) {
    if (margin < 1) {
        return TF_ERR_ARGUMENT;
    }
    if (dev->state == TF_TRAINING) {
        return TF_ERR_STATE;
    }
    if (!dev->window) {
        return TF_ERR_EMPTY;
    }
    if (dev->model->target) {
        return TF_ERR_ARGUMENT; /* it has its labels */
    }
    int16_t *logits = tf_logits(dev);
    dev->model->forward(&dev->net, dev->window, logits);
    const uint16_t best = tf_class_of(logits, dev->model->classes);
    for (uint16_t i = 0; i < dev->model->classes; i++) {
        if (i != best && logits[best] - logits[i] < margin) {
            return 0;
        }
    }
    (void)put(dev, best, TF_PREDICTED); /* all that it could refuse is out of the way */
    return 1;
}
