#include <stddef.h>
#include <string.h>

#include "bare.h"
#include "board_port.h"
#include "device_turn.h"
#include "net.h"
#include "recordings.h"
#include "serial_messages.h"
#include "storage.h"

/* A device on a bare machine: passes messages between core and line, trains meanwhile, sleeps when there is nothing. */
#ifndef FIRMWARE_STORE
#define FIRMWARE_STORE 64u /* windows that the store holds */
#endif
#define BLOCK_BYTES                                                                                                    \
    TF_DEVICE_MEMORY_BYTES(TF_NET_TRAINED_WEIGHTS, TF_NET_TRAINED_BIASES, TF_NET_SHARED_WEIGHTS, TF_NET_SHARED_BIASES, \
                           TF_NET_ARENA_BYTES, TF_NET_INPUT_BYTES, FIRMWARE_STORE)

static _Alignas(8) uint8_t block[BLOCK_BYTES];
static tf_device device;
static tf_device_memory memory;
static serial_messages messages;
static outbox said;
static tfr_recordings recordings;

static const storage *stored(void) { return (const storage *)(const void *)tf_storage; }

static uint32_t now_ms(void *ctx) {
    (void)ctx;
    return board_now_ms();
}

static int inside_flash(uint32_t at, uint32_t n) {
    return at <= stored()->flash_bytes && n <= stored()->flash_bytes - at;
}

static int flash_read(void *ctx, uint32_t at, void *to, uint32_t n) {
    (void)ctx;
    if (!inside_flash(at, n)) {
        return TF_ERR_ARGUMENT;
    }
    memcpy(to, tf_storage + stored()->flash_at + at, n);
    return TF_OK;
}

static int flash_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    (void)ctx;
    return inside_flash(at, n) ? board_storage_write(stored()->flash_at + at, from, n) : TF_ERR_ARGUMENT;
}

static int flash_erase(void *ctx, uint32_t sector) {
    (void)ctx;
    return sector < stored()->flash_bytes / board_sector_bytes
               ? board_storage_erase(stored()->flash_at + sector * board_sector_bytes)
               : TF_ERR_ARGUMENT;
}

static int send_message(void *ctx, const uint8_t *message, uint32_t n) {
    (void)ctx;
    return outbox_put(&said, message, n);
}

static int collect(void *ctx, tf_device *dev, uint32_t first, uint32_t last) {
    (void)ctx;
    return tfr_collect(&recordings, dev, first, last);
}

static int sample(void *ctx, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label) {
    (void)ctx;
    return tfr_sample(&recordings, set, index, x, label);
}

static tf_port port = {
    .now_ms = now_ms,
    .flash_read = flash_read,
    .flash_write = flash_write,
    .flash_erase = flash_erase,
    .send = send_message,
    .collect = collect,
    .sample = sample,
};

static uint32_t take_bytes(uint8_t *to, uint32_t most) {
    uint32_t n = 0;
    for (int byte; n < most && (byte = board_get()) >= 0;) {
        to[n++] = (uint8_t)byte;
    }
    return n;
}

static int line_read(void *ctx, uint8_t *to, uint32_t most, uint32_t wait_ms) {
    (void)ctx;
    uint32_t n = take_bytes(to, most);
    if (n == 0 && wait_ms > 0) {
        board_sleep(wait_ms);
        n = take_bytes(to, most);
    }
    return (int)n;
}

static int line_write(void *ctx, const uint8_t *from, uint32_t n) {
    (void)ctx;
    uint32_t sent = 0;
    while (sent < n && board_put(from[sent])) {
        sent++;
    }
    return (int)sent;
}

static const byte_line line = {.read = line_read, .write = line_write};

static int boot(const storage *s) {
    if (s->magic != STORAGE_MAGIC || s->version != STORAGE_VERSION) {
        return TF_ERR_VERSION;
    }
    if (tfr_open(&recordings, tf_storage + s->recordings_at, s->recordings_bytes, &tf_model_net) != NULL) {
        return TF_ERR_MALFORMED;
    }
    port.flash_bytes = s->flash_bytes;
    port.sector_bytes = board_sector_bytes;
    int status = tf_device_memory_place(&memory, &tf_model_net, FIRMWARE_STORE, block, sizeof block);
    if (status < 0) {
        return status;
    }
    const tf_device_config config = {.name = s->name, .seed = s->seed};
    status = tf_device_init(&device, &tf_model_net, &port, &memory, &config);
    serial_messages_init(&messages, &line, board_now_ms, s->nonce);
    return status;
}

static void leave(int status) {
    _Alignas(uint32_t) uint8_t unit[TF_FLASH_UNIT];
    memset(unit, 0xff, sizeof unit);
    unit[0] = (uint8_t)-status;
    memset(unit + 1, 0, 3);
    (void)board_storage_write(STORAGE_STATUS_AT, unit, sizeof unit);
}

void program_run(void) {
    board_open();
    int status = boot(stored());
    const message_link link = serial_messages_link(&messages);
    while (status >= 0) {
        status = device_turn(&device, &said, &link, UINT32_MAX);
    }
    leave(status);
}

void program_fault(void) { leave(TF_ERR_STATE); }
