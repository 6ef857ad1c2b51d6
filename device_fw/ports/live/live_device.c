#include "live_device.h"

#include <string.h>

#include "device_turn.h"

static uint32_t now_ms(void *ctx) { return ((live_device *)ctx)->config->now_ms(); }

static int flash_read(void *ctx, uint32_t at, void *to, uint32_t n) {
    const flash_area *state = ((live_device *)ctx)->config->state;
    return state->read(state->ctx, at, to, n);
}

static int flash_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    const flash_area *state = ((live_device *)ctx)->config->state;
    return state->write(state->ctx, at, from, n);
}

static int flash_erase(void *ctx, uint32_t sector) {
    const flash_area *state = ((live_device *)ctx)->config->state;
    return state->erase(state->ctx, sector);
}

static int send_message(void *ctx, const uint8_t *message, uint32_t n) {
    return outbox_put(&((live_device *)ctx)->said, message, n);
}

static int collect(void *ctx, tf_device *core, uint32_t first, uint32_t last) {
    live_device *live = ctx;
    const live_config *config = live->config;
    const int status = config->recordings != NULL ? tfr_collect(config->recordings, core, first, last) : TF_OK;
    if (status < 0 || config->labels == NULL) {
        return status;
    }
    return last == 0 ? label_log_forget(&live->labels) /* a first boot: what the log holds is of a device before */
                     : label_log_collect(&live->labels, core, first, last, config->scratch);
}

static int sample(void *ctx, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label) {
    const tfr_recordings *recordings = ((live_device *)ctx)->config->recordings;
    return recordings != NULL ? tfr_sample(recordings, set, index, x, label) : TF_ERR_EMPTY;
}

int live_device_begin(live_device *live, const live_config *config) {
    memset(live, 0, sizeof *live);
    live->config = config;
    live->port = (tf_port){
        .ctx = live,
        .flash_bytes = config->state->bytes,
        .sector_bytes = config->state->sector_bytes,
        .now_ms = now_ms,
        .flash_read = flash_read,
        .flash_write = flash_write,
        .flash_erase = flash_erase,
        .send = send_message,
        .collect = collect,
        .sample = sample,
    };
    if (config->labels != NULL) {
        window_cutter_init(&live->cutter, config->window, config->rows, config->channels, config->hop);
        const int status =
            label_log_open(&live->labels, config->labels, config->model->network_id, config->model->input_bytes);
        if (status < 0) {
            return status;
        }
    }
    return tf_device_init(&live->core, config->model, &live->port, config->memory, &config->who);
}

static int infer(live_device *live) {
    const live_config *config = live->config;
    int16_t *logits = tf_logits(&live->core);
    const int status = tf_infer(&live->core, config->window, config->model->input_bytes, logits);
    if (status < 0) {
        return status;
    }
    const uint16_t best = tf_class_of(logits, config->model->classes);
    config->inferred(best, logits[best]);
    return TF_OK;
}

int live_device_sample(live_device *live, const int8_t *row) {
    const live_config *config = live->config;
    if (config->labels == NULL) {
        return TF_ERR_STATE;
    }
    if (!window_cutter_take(&live->cutter, row)) {
        return TF_OK;
    }
    if (!live->held) {
        memcpy(config->latest, config->window, config->model->input_bytes);
        live->has_latest = 1;
    }
    return config->inferred != NULL ? infer(live) : TF_OK;
}

void live_device_hold(live_device *live) { live->held = live->has_latest; }

int live_device_label(live_device *live, uint32_t label) {
    const live_config *config = live->config;
    live->held = 0;
    if (config->labels == NULL || label >= config->model->classes) {
        return TF_ERR_ARGUMENT;
    }
    if (!live->has_latest) {
        return TF_ERR_EMPTY;
    }
    const int settled = live->core.state == TF_IDLE && !live->core.stale; /* else its windows may be asked for again */
    return label_log_add(&live->labels, config->latest, (uint16_t)label, settled ? live->core.collected_round : 0);
}

int live_device_turn(live_device *live, uint32_t most_ms) {
    return device_turn(&live->core, &live->said, &live->config->link, most_ms);
}
