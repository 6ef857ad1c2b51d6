#include <stdlib.h>
#include <string.h>

#include "tf_device.h"
#include "tf_messages_decode.h"
#include "tf_messages_encode.h"
#include "tf_rice.h"
#include "tf_shared.h"
#include "tf_windows.h"
#include "tiny_model.h"

/* What the Python tests call; the core itself is linked unchanged. */
typedef struct {
    tf_device dev;
    tf_port port;
    tf_device_memory memory;
    tf_device_config config;
    char name[TF_NAME_BYTES + 1];
    void *block;
} harness;

harness *harness_new(const tf_port *port, const char *name, uint32_t seed, uint16_t capacity) {
    harness *h = calloc(1, sizeof *h);
    const uint32_t bytes = tf_device_memory_bytes(&tiny_model, capacity);
    h->port = *port;
    h->block = malloc(bytes);
    memset(h->block, 0xa5, bytes);
    memset(&h->dev, 0x5a, sizeof h->dev);
    strncpy(h->name, name, TF_NAME_BYTES);
    h->config = (tf_device_config){.name = h->name, .seed = seed};
    tf_device_memory_place(&h->memory, &tiny_model, capacity, h->block, bytes);
    return h;
}

void harness_free(harness *h) {
    free(h->block);
    free(h);
}

int harness_init(harness *h) { return tf_device_init(&h->dev, &tiny_model, &h->port, &h->memory, &h->config); }

tf_device *harness_device(harness *h) { return &h->dev; }

/* Cuts a block at the given address; block_bytes as the function and as the macro say. */
int place(void *block, uint32_t bytes, uint16_t capacity, tf_device_memory *memory) {
    return tf_device_memory_place(memory, &tiny_model, capacity, block, bytes);
}

uint32_t block_bytes(uint16_t capacity) { return tf_device_memory_bytes(&tiny_model, capacity); }

uint32_t block_bytes_12(void) {
    static uint8_t block[TF_DEVICE_MEMORY_BYTES(24, 6, 18, 3, 2 * TINY_CLASSES, 8, 12)];
    return sizeof block;
}

/* Planes by name's first letter: w f b; base W B; residual r; labels l; origins o; windows x. */
void *harness_plane(harness *h, char which) {
    switch (which) {
    case 'w':
        return h->memory.w;
    case 'f':
        return h->memory.f;
    case 'b':
        return h->memory.b;
    case 'W':
        return h->memory.base_w;
    case 'B':
        return h->memory.base_b;
    case 'r':
        return h->memory.residual;
    case 'l':
        return h->memory.labels;
    case 'o':
        return h->memory.origins;
    case 'O':
        return h->memory.order;
    default:
        return h->memory.windows;
    }
}

uint32_t harness_window_count(const harness *h) { return h->dev.window_count; }

uint32_t harness_slot_bytes(uint16_t capacity, uint32_t sector) {
    return tf_device_slot_bytes(&tiny_model, capacity, sector);
}

uint32_t harness_order(harness *h, uint32_t seed, uint32_t round, uint32_t epoch, int with_factory) {
    h->dev.net.seed = seed;
    return tf_windows_order(&h->dev, round, epoch, with_factory);
}

/* The codec, both ways: decodes and encodes again. Returns the new length or a negative code. */
int32_t recode_request(const uint8_t *bytes, uint32_t n, uint8_t *out, uint32_t room) {
    struct request request;
    size_t used, made;
    if (cbor_decode_request(bytes, n, &request, &used) != ZCBOR_SUCCESS || used != n) {
        return TF_ERR_MALFORMED;
    }
    return cbor_encode_request(out, room, &request, &made) == ZCBOR_SUCCESS ? (int32_t)made : TF_ERR_SPACE;
}

int32_t recode_answer(const uint8_t *bytes, uint32_t n, uint8_t *out, uint32_t room) {
    struct answer answer;
    size_t used, made;
    if (cbor_decode_answer(bytes, n, &answer, &used) != ZCBOR_SUCCESS || used != n) {
        return TF_ERR_MALFORMED;
    }
    return cbor_encode_answer(out, room, &answer, &made) == ZCBOR_SUCCESS ? (int32_t)made : TF_ERR_SPACE;
}

/* Codes as many of n values as fit into `space` bytes; says how many and with which k. Returns the bytes used. */
uint32_t rice_encode(const int32_t *values, uint32_t n, uint8_t *data, uint32_t space, uint32_t *count, uint8_t *k) {
    tf_rice_choice choice;
    tf_rice_choose(&choice, 8u * space);
    for (uint32_t i = 0; i < n && tf_rice_consider(&choice, values[i]); i++) {
    }
    *k = tf_rice_chosen(&choice, count);
    tf_rice_writer writer = {.data = data, .bytes = space, .k = *k};
    for (uint32_t i = 0; i < *count; i++) {
        if (tf_rice_write(&writer, values[i]) < 0) {
            return 0;
        }
    }
    return tf_rice_finish(&writer);
}

int rice_decode(const uint8_t *data, uint32_t bytes, uint8_t k, int32_t *values, uint32_t count) {
    tf_rice_reader reader = {.data = data, .bytes = bytes, .k = k};
    for (uint32_t i = 0; i < count; i++) {
        if (tf_rice_read(&reader, &values[i]) < 0) {
            return TF_ERR_MALFORMED;
        }
    }
    return tf_rice_end(&reader);
}
