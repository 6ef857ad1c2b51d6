#include "lab.h"

#include <string.h>

#include "tf_messages_decode.h"
#include "tf_round.h"
#include "tf_shared.h"
#include "tiny_model.h"
#include "zcbor_common.h"

enum { COLUMNS = 8, WINDOWS = 5 };

/* Whether this call of the port is the one that fails. */
static int fails(lab *l) { return l->fail_at != 0 && --l->fail_at == 0; }

static uint32_t now_ms(void *ctx) { return ++((lab *)ctx)->clock; }

static int flash_read(void *ctx, uint32_t at, void *to, uint32_t n) {
    lab *l = ctx;
    MUST(at <= sizeof l->flash && n <= sizeof l->flash - at);
    if (fails(l)) {
        return TF_ERR_IO;
    }
    memcpy(to, l->flash + at, n);
    return TF_OK;
}

static int flash_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    lab *l = ctx;
    MUST(at % TF_FLASH_UNIT == 0 && n % TF_FLASH_UNIT == 0 && at <= sizeof l->flash && n <= sizeof l->flash - at);
    for (uint32_t i = 0; i < n; i++) {
        MUST(l->flash[at + i] == 0xff);
    }
    if (fails(l)) {
        return TF_ERR_IO;
    }
    memcpy(l->flash + at, from, n);
    return TF_OK;
}

static int flash_erase(void *ctx, uint32_t sector) {
    lab *l = ctx;
    MUST(sector < sizeof l->flash / LAB_SECTOR);
    if (fails(l)) {
        return TF_ERR_IO;
    }
    memset(l->flash + sector * LAB_SECTOR, 0xff, LAB_SECTOR);
    return TF_OK;
}

static int send_message(void *ctx, const uint8_t *message, uint32_t n) {
    lab *l = ctx;
    struct answer answer;
    size_t used;
    MUST(n <= TF_MESSAGE_BYTES && cbor_decode_answer(message, n, &answer, &used) == ZCBOR_SUCCESS && used == n);
    l->answers++;
    return fails(l) ? TF_ERR_IO : TF_OK;
}

static void window(uint32_t seed, int8_t *x, uint16_t *label) {
    for (uint32_t i = 0; i < COLUMNS; i++) {
        x[i] = (int8_t)(seed * 37u + i * 11u);
    }
    *label = (uint16_t)(seed % TINY_CLASSES);
}

static int collect(void *ctx, tf_device *dev, uint32_t first, uint32_t last) {
    lab *l = ctx;
    for (uint32_t i = 0; i < WINDOWS; i++) {
        int8_t x[COLUMNS];
        uint16_t label;
        window(first + last + i, x, &label);
        if (tf_push_sample(dev, x, dev->model->input_bytes) < 0 ||
            tf_label(dev, label, first ? TF_FRESH : TF_FACTORY) < 0) {
            return TF_ERR_ARGUMENT;
        }
    }
    return fails(l) ? TF_ERR_IO : TF_OK;
}

static int sample(void *ctx, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label) {
    static int8_t shown[COLUMNS];
    lab *l = ctx;
    if (set > 1 || index >= WINDOWS) {
        return TF_ERR_EMPTY;
    }
    window(set + index, shown, label);
    *x = shown;
    return fails(l) ? TF_ERR_IO : TF_OK;
}

void lab_erase(lab *l) { memset(l->flash, 0xff, sizeof l->flash); }

int lab_boot(lab *l) {
    static const tf_device_config config = {.name = "lab", .seed = 7};
    MUST(tf_device_memory_bytes(&tiny_model, LAB_CAPACITY) <= sizeof l->block);
    MUST(2 * tf_device_slot_bytes(&tiny_model, LAB_CAPACITY, LAB_SECTOR) <= sizeof l->flash);
    memset(l->block, 0xa5, sizeof l->block);
    memset(&l->dev, 0x5a, sizeof l->dev);
    MUST(tf_device_memory_place(&l->memory, &tiny_model, LAB_CAPACITY, l->block, sizeof l->block) == TF_OK);
    l->port = (tf_port){.ctx = l,
                        .flash_bytes = sizeof l->flash,
                        .sector_bytes = LAB_SECTOR,
                        .now_ms = now_ms,
                        .flash_read = flash_read,
                        .flash_write = flash_write,
                        .flash_erase = flash_erase,
                        .send = send_message,
                        .collect = collect,
                        .sample = sample};
    return tf_device_init(&l->dev, &tiny_model, &l->port, &l->memory, &config);
}

void lab_round(lab *l) {
    const tf_job job = {.round = l->dev.last_round + LAB_ROUND,
                        .version = l->dev.base_version,
                        .digest = tf_base_digest(&l->dev),
                        .epochs = 1,
                        .share = 1,
                        .shifts = {3, 4, 2}};
    if (tf_round_train(&l->dev, &job).status == TF_OK) {
        while (tf_step(&l->dev) == 1) {
        }
        (void)tf_round_commit(&l->dev, job.round);
    }
}

void lab_check(const lab *l) {
    MUST(l->dev.window_count <= LAB_CAPACITY);
    MUST(l->dev.state <= TF_TRAINED);
    for (uint32_t i = 0; i < l->dev.window_count; i++) {
        MUST(l->memory.labels[i] < TINY_CLASSES && l->memory.origins[i] < TF_ORIGINS);
    }
}
