#include "quiet_device.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 4096u

static uint32_t now(void *ctx) {
    (void)ctx;
    return 0;
}

static int flash_read(void *ctx, uint32_t at, void *to, uint32_t n) {
    memcpy(to, ((quiet_device *)ctx)->flash + at, n);
    return 0;
}

static int flash_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    memcpy(((quiet_device *)ctx)->flash + at, from, n);
    return 0;
}

static int flash_erase(void *ctx, uint32_t sector) {
    memset(((quiet_device *)ctx)->flash + sector * SECTOR, 0xff, SECTOR);
    return 0;
}

static int send_nothing(void *ctx, const uint8_t *message, uint32_t n) {
    (void)ctx, (void)message, (void)n;
    return 0;
}

static int collect_nothing(void *ctx, tf_device *dev, uint32_t first, uint32_t last) {
    (void)ctx, (void)dev, (void)first, (void)last;
    return 0;
}

static int no_sample(void *ctx, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label) {
    (void)ctx, (void)set, (void)index, (void)x, (void)label;
    return TF_ERR_EMPTY;
}

int quiet_open(quiet_device *q, const tf_model *model, uint16_t capacity) {
    const uint32_t area = 2 * tf_device_slot_bytes(model, capacity, SECTOR);
    const uint32_t bytes = tf_device_memory_bytes(model, capacity);
    memset(q, 0, sizeof *q);
    q->flash = malloc(area);
    q->block = aligned_alloc(8, bytes);
    memset(q->flash, 0xff, area);
    q->port =
        (tf_port){q, area, SECTOR, now, flash_read, flash_write, flash_erase, send_nothing, collect_nothing, no_sample};
    q->config = (tf_device_config){"quiet", 1};
    const int status = tf_device_memory_place(&q->memory, model, capacity, q->block, bytes);
    return status < 0 ? status : tf_device_init(&q->dev, model, &q->port, &q->memory, &q->config);
}

void quiet_close(quiet_device *q) {
    free(q->block);
    free(q->flash);
}
