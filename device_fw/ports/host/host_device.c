#define _GNU_SOURCE
#include "host_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host_file.h"
#include "host_flash.h"
#include "net.h"
#include "recordings.h"
#include "tf_shared.h"

#define OUTBOX_LIMIT 64u /* messages a device may have said before anyone listened */

typedef struct message {
    struct message *next;
    uint32_t n;
    uint8_t bytes[];
} message;

struct tfh_device {
    tf_device core;
    tf_port port;
    tf_device_memory memory;
    tf_device_config config;
    void *block;
    uint32_t block_bytes;
    char name[TF_NAME_BYTES + 1];
    tfh_flash flash;
    tfh_file file;
    tfr_recordings recordings;
    message *oldest, **end;
    uint32_t waiting;
};

static uint32_t now_ms(void *ctx) {
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)((uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u);
}

static int flash_read(void *ctx, uint32_t at, void *to, uint32_t n) {
    return tfh_flash_read(&((tfh_device *)ctx)->flash, at, to, n);
}

static int flash_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    return tfh_flash_write(&((tfh_device *)ctx)->flash, at, from, n);
}

static int flash_erase(void *ctx, uint32_t sector) { return tfh_flash_erase(&((tfh_device *)ctx)->flash, sector); }

static int send_message(void *ctx, const uint8_t *bytes, uint32_t n) {
    tfh_device *device = ctx;
    if (device->waiting >= OUTBOX_LIMIT) {
        return TF_ERR_SPACE;
    }
    message *m = malloc(sizeof *m + n);
    if (m == NULL) {
        return TF_ERR_SPACE;
    }
    m->next = NULL;
    m->n = n;
    memcpy(m->bytes, bytes, n);
    *device->end = m;
    device->end = &m->next;
    device->waiting++;
    return TF_OK;
}

static int collect(void *ctx, tf_device *core, uint32_t first, uint32_t last) {
    return tfr_collect(&((tfh_device *)ctx)->recordings, core, first, last);
}

static int sample(void *ctx, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label) {
    return tfr_sample(&((tfh_device *)ctx)->recordings, set, index, x, label);
}

static void forget_messages(tfh_device *device) {
    while (device->oldest != NULL) {
        message *next = device->oldest->next;
        free(device->oldest);
        device->oldest = next;
    }
    device->end = &device->oldest;
    device->waiting = 0;
}

/* Returns the thing that failed, or null; *why says how. */
static const char *set_up(tfh_device *device, const tfh_config *config, const char **why) {
    *why = "has 1 to 32 bytes";
    size_t length = config->name != NULL ? strlen(config->name) : 0;
    if (length < 1 || length > TF_NAME_BYTES) {
        return "a device name";
    }
    memcpy(device->name, config->name, length);
    *why = "holds 1 to 65535 windows";
    if (config->capacity < 1 || config->capacity > UINT16_MAX) {
        return "a store";
    }
    uint16_t capacity = (uint16_t)config->capacity;
    if (tfh_file_open(&device->file, config->recordings, why) < 0 ||
        (*why = tfr_open(&device->recordings, device->file.bytes, device->file.size, &tf_model_net)) != NULL) {
        return config->recordings;
    }
    uint32_t slot = tf_device_slot_bytes(&tf_model_net, capacity, MEMORY_FLASH_SECTOR_BYTES);
    if (tfh_flash_open(&device->flash, config->flash, 2u * slot, why) < 0) {
        return config->flash != NULL ? config->flash : "the flash";
    }
    device->block_bytes = tf_device_memory_bytes(&tf_model_net, capacity);
    device->block = malloc(device->block_bytes);
    *why = "no memory";
    if (device->block == NULL ||
        tf_device_memory_place(&device->memory, &tf_model_net, capacity, device->block, device->block_bytes) < 0) {
        return "the device";
    }
    device->config = (tf_device_config){.name = device->name, .seed = config->seed};
    device->port = (tf_port){
        .ctx = device,
        .flash_bytes = 2u * slot,
        .sector_bytes = MEMORY_FLASH_SECTOR_BYTES,
        .now_ms = now_ms,
        .flash_read = flash_read,
        .flash_write = flash_write,
        .flash_erase = flash_erase,
        .send = send_message,
        .collect = collect,
        .sample = sample,
    };
    *why = "cannot start from its flash or its recordings";
    return tfh_reset(device) < 0 ? config->name : NULL;
}

tfh_device *tfh_create(const tfh_config *config, char *why, uint32_t why_bytes) {
    tfh_device *device = calloc(1, sizeof *device);
    const char *reason = "no memory";
    if (device != NULL) {
        device->end = &device->oldest;
        device->flash.fd = -1;
    }
    const char *thing = device != NULL ? set_up(device, config, &reason) : "the device";
    if (thing == NULL) {
        return device;
    }
    snprintf(why, why_bytes, "%s: %s", thing, reason);
    tfh_destroy(device);
    return NULL;
}

void tfh_destroy(tfh_device *device) {
    if (device == NULL) {
        return;
    }
    forget_messages(device);
    tfh_flash_close(&device->flash);
    tfh_file_close(&device->file);
    free(device->block);
    free(device);
}

int tfh_reset(tfh_device *device) {
    forget_messages(device);
    memset(&device->core, 0xa5, sizeof device->core);
    memset(device->block, 0xa5, device->block_bytes);
    return tf_device_init(&device->core, &tf_model_net, &device->port, &device->memory, &device->config);
}

int tfh_receive(tfh_device *device, const uint8_t *bytes, uint32_t n) {
    return tf_device_receive(&device->core, bytes, n);
}

int tfh_step(tfh_device *device) { return tf_step(&device->core); }

int tfh_work(tfh_device *device, uint32_t steps) {
    int more = 1;
    for (uint32_t i = 0; i < steps && more > 0 && device->oldest == NULL; i++) {
        more = tf_step(&device->core);
    }
    return more;
}

uint32_t tfh_pop_message(tfh_device *device, uint8_t *bytes) {
    message *m = device->oldest;
    if (m == NULL) {
        return 0;
    }
    uint32_t n = m->n;
    memcpy(bytes, m->bytes, n);
    device->oldest = m->next;
    if (device->oldest == NULL) {
        device->end = &device->oldest;
    }
    device->waiting--;
    free(m);
    return n;
}

const tf_model *tfh_model(void) { return &tf_model_net; }
const tf_device *tfh_state(const tfh_device *device) { return &device->core; }
const int8_t *tfh_weights_high(const tfh_device *device) { return device->memory.w; }
const uint8_t *tfh_weights_low(const tfh_device *device) { return device->memory.f; }
const int32_t *tfh_biases(const tfh_device *device) { return device->memory.b; }
uint32_t tfh_trained_weights(void) { return tf_model_net.trained_weights; }
uint32_t tfh_trained_biases(void) { return tf_model_net.trained_biases; }
uint32_t tfh_weights_digest(const tfh_device *device) { return tf_weights_digest(&device->core); }
