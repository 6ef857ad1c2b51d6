/* Live devices for Python: flash in memory that can fail, a byte line and a clock that Python moves. */
#include <stdlib.h>
#include <string.h>

#include "fragments.h"
#include "imu_chips.h"
#include "live_device.h"
#include "memory_flash.h"
#include "net.h"
#include "presses.h"
#include "serial_messages.h"
#include "tf_shared.h"

enum { STATE_BYTES = 8 * 4096, STORE = 64, FIFO = 4096 };

typedef struct {
    uint8_t bytes[FIFO];
    uint32_t count;
} fifo;

typedef struct {
    live_device live;
    live_config config;
    tf_device_memory memory;
    tfr_recordings recordings;
    memory_flash state, labels;
    flash_area state_area, label_area;
    byte_line line;
    serial_messages messages;
    const message_link *other; /* instead of the line, or null */
    fifo to_device, from_device;
    uint8_t *block;
    int8_t window[TF_NET_INPUT_BYTES], latest[TF_NET_INPUT_BYTES], scratch[TF_NET_INPUT_BYTES];
    char name[33];
    uint8_t recorded[1 << 16];
} harness;

static uint32_t clock_ms, writes_left = UINT32_MAX, inferred_best, inferred_count;

static uint32_t now_ms(void) { return clock_ms; }
void harness_clock(uint32_t ms) { clock_ms = ms; }

/* The power goes in the write or erase after the next n. */
void harness_writes(uint32_t n) { writes_left = n; }

static int power(void) {
    if (writes_left == 0) {
        return 0;
    }
    writes_left -= writes_left != UINT32_MAX;
    return 1;
}

static int area_read(void *ctx, uint32_t at, void *to, uint32_t n) { return memory_flash_read(ctx, at, to, n); }

/* Unit by unit, as the power may go between two; in the one that it goes in half the bytes are written. */
static int area_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    memory_flash *flash = ctx;
    int status = n % TF_FLASH_UNIT == 0 ? TF_OK : TF_ERR_ARGUMENT;
    for (uint32_t done = 0; status >= 0 && done < n; done += TF_FLASH_UNIT) {
        const uint8_t *unit = (const uint8_t *)from + done;
        if (power()) {
            status = memory_flash_write(flash, at + done, unit, TF_FLASH_UNIT);
        } else {
            memcpy(flash->bytes + at + done, unit, TF_FLASH_UNIT / 2);
            status = TF_ERR_IO;
        }
    }
    return status;
}

/* Half of the sector, if the power goes. */
static int area_erase(void *ctx, uint32_t sector) {
    memory_flash *flash = ctx;
    if (power()) {
        return memory_flash_erase(flash, sector);
    }
    memset(flash->bytes + sector * MEMORY_FLASH_SECTOR_BYTES, 0xff, MEMORY_FLASH_SECTOR_BYTES / 2);
    return TF_ERR_IO;
}

static flash_area area_of(memory_flash *flash) {
    return (flash_area){flash, flash->size, MEMORY_FLASH_SECTOR_BYTES, area_read, area_write, area_erase};
}

static int line_read(void *ctx, uint8_t *to, uint32_t most, uint32_t wait_ms) {
    fifo *f = &((harness *)ctx)->to_device;
    const uint32_t n = f->count < most ? f->count : most;
    (void)wait_ms;
    memcpy(to, f->bytes, n);
    memmove(f->bytes, f->bytes + n, f->count - n);
    f->count -= n;
    return (int)n;
}

/* A FIFO of 128 bytes, as a UART has. */
static int line_write(void *ctx, const uint8_t *from, uint32_t n) {
    fifo *f = &((harness *)ctx)->from_device;
    const uint32_t room = f->count < 128 ? 128 - f->count : 0, taken = n < room ? n : room;
    memcpy(f->bytes + f->count, from, taken);
    f->count += taken;
    return (int)taken;
}

static void inferred(uint16_t best, int16_t logit) {
    (void)logit;
    inferred_best = best;
    inferred_count++;
}

uint32_t harness_inferred(uint32_t *best) {
    *best = inferred_best;
    return inferred_count;
}

static memory_flash erased(uint32_t bytes) {
    memory_flash flash = {malloc(bytes), bytes};
    memset(flash.bytes, 0xff, bytes);
    return flash;
}

int harness_boot(harness *h, uint32_t link_seed) {
    h->to_device.count = h->from_device.count = 0;
    serial_messages_init(&h->messages, &h->line, now_ms, link_seed);
    h->config.link = h->other != NULL ? *h->other : serial_messages_link(&h->messages);
    tf_device_memory_place(&h->memory, &tf_model_net, STORE, h->block, tf_device_memory_bytes(&tf_model_net, STORE));
    return live_device_begin(&h->live, &h->config);
}

void harness_link(harness *h, const message_link *other) { h->other = other; }

harness *harness_new(const char *name, uint32_t seed, const uint8_t *recorded, uint32_t bytes, uint32_t label_bytes,
                     uint32_t rows, uint32_t hop) {
    harness *h = calloc(1, sizeof *h);
    strncpy(h->name, name, sizeof h->name - 1);
    h->state = erased(STATE_BYTES);
    h->state_area = area_of(&h->state);
    h->block = aligned_alloc(8, TF_ALIGN8(tf_device_memory_bytes(&tf_model_net, STORE)));
    h->line = (byte_line){h, line_read, line_write};
    h->config = (live_config){
        .model = &tf_model_net,
        .who = {.name = h->name, .seed = seed},
        .memory = &h->memory,
        .now_ms = now_ms,
        .state = &h->state_area,
        .window = h->window,
        .latest = h->latest,
        .scratch = h->scratch,
        .rows = rows,
        .channels = TF_NET_INPUT_BYTES / rows,
        .hop = hop,
        .inferred = inferred,
    };
    if (bytes > 0 && bytes <= sizeof h->recorded) {
        memcpy(h->recorded, recorded, bytes);
        if (tfr_open(&h->recordings, h->recorded, bytes, &tf_model_net) == NULL) {
            h->config.recordings = &h->recordings;
        }
    }
    if (label_bytes > 0) {
        h->labels = erased(label_bytes);
        h->label_area = area_of(&h->labels);
        h->config.labels = &h->label_area;
    }
    return h;
}

void harness_free(harness *h) {
    free(h->state.bytes);
    free(h->labels.bytes);
    free(h->block);
    free(h);
}

void harness_give(harness *h, const uint8_t *bytes, uint32_t n) {
    memcpy(h->to_device.bytes + h->to_device.count, bytes, n);
    h->to_device.count += n;
}

uint32_t harness_take(harness *h, uint8_t *to) {
    const uint32_t n = h->from_device.count;
    memcpy(to, h->from_device.bytes, n);
    h->from_device.count = 0;
    return n;
}

int harness_turn(harness *h) { return live_device_turn(&h->live, 0); }
int harness_sample(harness *h, const int8_t *row) { return live_device_sample(&h->live, row); }
void harness_hold(harness *h) { live_device_hold(&h->live); }
int harness_label(harness *h, uint32_t label) { return live_device_label(&h->live, label); }
void harness_erase_state(harness *h) { memset(h->state.bytes, 0xff, h->state.size); }
uint32_t harness_digest(harness *h) { return tf_weights_digest(&h->live.core); }
uint32_t harness_fresh(harness *h) {
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < h->live.core.window_count; i++) {
        fresh += h->memory.origins[i] == TF_FRESH;
    }
    return fresh;
}
int harness_window(harness *h, uint32_t slot, int8_t *x) {
    memcpy(x, h->memory.windows + (size_t)slot * TF_NET_INPUT_BYTES, TF_NET_INPUT_BYTES);
    return h->memory.labels[slot];
}

/* A label log without a device: what it hands over, as label and first byte of the window. */
static label_log lone;
static memory_flash lone_flash;
static flash_area lone_area;

int log_open(uint32_t bytes, uint32_t network, uint32_t input_bytes, int anew) {
    if (anew) {
        free(lone_flash.bytes);
        lone_flash = erased(bytes);
        lone_area = area_of(&lone_flash);
    }
    return label_log_open(&lone, &lone_area, network, input_bytes);
}
int log_add(const int8_t *x, uint32_t label, uint32_t committed) {
    return label_log_add(&lone, x, (uint16_t)label, committed);
}
int log_collect(harness *h, uint32_t first, uint32_t last) {
    return label_log_collect(&lone, &h->live.core, first, last, h->scratch);
}
void log_forget_windows(harness *h) { h->live.core.window_count = 0; }
uint32_t log_windows(harness *h) { return h->live.core.window_count; }

uint32_t size_of_cutter(void) { return sizeof(window_cutter); }
uint32_t size_of_presses(void) { return sizeof(presses); }
uint32_t size_of_fragments(void) { return sizeof(fragments); }
const imu_chip *chip(int which) { return which == 0 ? &imu_mpu6050 : &imu_icm42688; }
