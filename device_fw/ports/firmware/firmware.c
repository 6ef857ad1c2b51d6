#include <stddef.h>
#include <string.h>

#include "bare.h"
#include "board_port.h"
#include "net.h"
#include "outbox.h"
#include "recordings.h"
#include "storage.h"
#include "tf_arq.h"
#include "tf_device.h"

/* A device on a bare machine: passes messages between core and line, trains meanwhile, sleeps when there is nothing. */
#ifndef FIRMWARE_STORE
#define FIRMWARE_STORE 64u /* windows that the store holds */
#endif
#define BLOCK_BYTES                                                                                                    \
    TF_DEVICE_MEMORY_BYTES(TF_NET_TRAINED_WEIGHTS, TF_NET_TRAINED_BIASES, TF_NET_SHARED_WEIGHTS, TF_NET_SHARED_BIASES, \
                           TF_NET_ARENA_BYTES, TF_NET_INPUT_BYTES, TF_NET_CLASSES, FIRMWARE_STORE)

static _Alignas(8) uint8_t block[BLOCK_BYTES];
static tf_device device;
static tf_device_memory memory;
static tf_arq arq;
static outbox said;
static tfr_recordings recordings;
static uint8_t frame[TF_FRAME_BYTES]; /* on its way out */
static size_t frame_bytes, frame_sent;

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
    tf_arq_init(&arq, TF_ARQ_DEVICE, s->nonce, TF_ARQ_PAYLOAD_UNITS, TF_ARQ_UNITS);
    return status;
}

/* Takes what has arrived, up to a whole message, and offers what is due; 1 if the line is busy. */
static int serve_line(void) {
    size_t n;
    for (int byte; tf_arq_message(&arq, &n) == NULL && (byte = board_get()) >= 0;) {
        tf_arq_feed(&arq, (uint8_t)byte, board_now_ms());
    }
    for (;;) {
        while (frame_sent < frame_bytes) {
            if (!board_put(frame[frame_sent])) {
                return 1;
            }
            frame_sent++;
        }
        frame_sent = 0;
        frame_bytes = tf_arq_poll(&arq, frame, board_now_ms());
        if (frame_bytes == 0) {
            return 0;
        }
    }
}

/* Handles one message and does one step; 1: there is more to do, 0: all waits for the line, < 0: failed. */
static int work(void) {
    size_t arrived;
    uint32_t n;
    const uint8_t *message = tf_arq_message(&arq, &arrived);
    const int heard = message != NULL;
    if (heard) {
        if (said.count < OUTBOX_MESSAGES) {
            (void)tf_device_receive(&device, message, (uint32_t)arrived);
        } /* else no answer finds a place: whoever asked asks again, and the acknowledgement that makes room can come */
        tf_arq_take(&arq);
    }
    const int more = said.count < OUTBOX_MESSAGES ? tf_step(&device) : 0;
    message = outbox_oldest(&said, &n);
    if (message != NULL && tf_arq_send(&arq, message, n) == TF_OK) {
        outbox_drop(&said);
        return more < 0 ? more : 1;
    }
    return more != 0 ? more : heard;
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
    while (status >= 0) {
        const int busy = serve_line();
        status = work();
        if (status == 0 && !busy) {
            board_sleep(tf_arq_wait(&arq, board_now_ms()));
        }
    }
    leave(status);
}

void program_fault(void) { leave(TF_ERR_STATE); }
