#include "tf_flash.h"

#include <string.h>

#include "tf_frame.h"
#include "tf_shared.h"
#include "tf_windows.h"

#define MAGIC 0x31534654u /* "TFS1" */
#define MARKS 15u         /* units after the header, one spent by each boot */
#define BODY_AT ((1u + MARKS) * TF_FLASH_UNIT)
#define FIXED_BYTES 32u /* the numbers before the planes */
#define HEADER_CRC_AT (TF_FLASH_UNIT - 4u)

enum {
    FIELD_MAGIC,
    FIELD_SEQUENCE,
    FIELD_NETWORK,
    FIELD_SCHEME,
    FIELD_CAPACITY,
    FIELD_BODY_BYTES,
    FIELD_BODY_CRC,
    FIELD_ERASES0,
    FIELD_ERASES1,
    HEADER_FIELDS
};

typedef struct {
    uint32_t field[HEADER_FIELDS];
} header;

/* A run through the body in one direction, one unit in RAM at a time. */
typedef struct {
    const tf_port *port;
    uint32_t at;   /* flash offset of the unit in the buffer */
    uint32_t fill; /* bytes of the buffer in use (writing) or consumed (reading) */
    uint32_t crc;
    uint32_t bytes; /* of the body, passed */
    int writing;
    int status;
    uint8_t unit[TF_FLASH_UNIT];
} stream;

static void put32(uint8_t *to, uint32_t v) {
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = (uint8_t)(v >> (8 * i));
    }
}

static uint32_t get32(const uint8_t *from) {
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static uint32_t slot_at(const tf_device *dev, uint32_t slot) { return slot * (dev->port->flash_bytes / 2u); }

uint32_t tf_device_slot_bytes(const tf_model *model, uint16_t capacity, uint32_t sector_bytes) {
    const uint32_t biases = tf_shared_biases(model);
    const uint32_t weights = tf_shared_weights(model);
    const uint32_t body = FIXED_BYTES + 2u * model->trained_weights + 4u * model->trained_biases + 4u * weights +
                          6u * biases + capacity * (model->input_bytes + 3u);
    const uint32_t bytes = BODY_AT + (body + TF_FLASH_UNIT - 1u) / TF_FLASH_UNIT * TF_FLASH_UNIT;
    return (bytes + sector_bytes - 1u) / sector_bytes * sector_bytes;
}

static void flush(stream *s) {
    if (s->port->flash_write(s->port->ctx, s->at, s->unit, TF_FLASH_UNIT) < 0) {
        s->status = TF_ERR_IO;
    }
    s->at += TF_FLASH_UNIT;
    s->fill = 0;
}

static void refill(stream *s) {
    if (s->port->flash_read(s->port->ctx, s->at, s->unit, TF_FLASH_UNIT) < 0) {
        s->status = TF_ERR_IO;
    }
    s->at += TF_FLASH_UNIT;
    s->fill = 0;
}

/* Passes bytes between the state and the flash; does nothing after a failure. */
static void pass_bytes(stream *s, uint8_t *bytes, uint32_t n) {
    while (n > 0 && s->status == TF_OK) {
        if (!s->writing && s->fill == TF_FLASH_UNIT) {
            refill(s);
            if (s->status < 0) {
                return;
            }
        }
        const uint32_t room = TF_FLASH_UNIT - s->fill;
        const uint32_t part = n < room ? n : room;
        uint8_t *in_unit = s->unit + s->fill;
        if (s->writing) {
            memcpy(in_unit, bytes, part);
        } else {
            memcpy(bytes, in_unit, part);
        }
        s->crc = tf_crc32(s->crc, in_unit, part);
        s->fill += part;
        s->bytes += part;
        bytes += part;
        n -= part;
        if (s->writing && s->fill == TF_FLASH_UNIT) {
            flush(s);
        }
    }
}

/* keep: a value that is read is dropped, here and below. */
static void pass32(stream *s, uint32_t *v, int keep) {
    uint8_t bytes[4];
    put32(bytes, *v);
    pass_bytes(s, bytes, sizeof bytes);
    if (!s->writing && !keep && s->status == TF_OK) {
        *v = get32(bytes);
    }
}

static void pass_words(stream *s, int32_t *words, uint32_t n, int keep) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = (uint32_t)words[i];
        pass32(s, &v, keep);
        words[i] = (int32_t)v;
    }
}

/* n 16-bit integers; `halves` is int16_t or uint16_t. */
static void pass_halves(stream *s, void *halves, uint32_t n, int keep) {
    uint8_t *at = halves;
    for (uint32_t i = 0; i < n; i++, at += 2) {
        uint16_t v;
        memcpy(&v, at, sizeof v);
        uint8_t bytes[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
        pass_bytes(s, bytes, sizeof bytes);
        if (!s->writing && !keep && s->status == TF_OK) {
            v = (uint16_t)(bytes[0] | bytes[1] << 8);
            memcpy(at, &v, sizeof v);
        }
    }
}

/* The body, in the order of docs/SPEC.md. */
static void pass_body(tf_device *dev, stream *s, int keep_base) {
    const uint32_t weights = dev->model->trained_weights;
    uint32_t count = dev->window_count;
    pass32(s, &dev->last_round, 0);
    pass32(s, &dev->collected_round, 0);
    pass32(s, &dev->net.step, 0);
    pass32(s, &dev->net.seed, 0);
    pass32(s, &dev->boots, 0);
    pass32(s, &dev->base_version, keep_base);
    pass32(s, &count, 0);
    pass32(s, &dev->pushed, 0);
    if (count > dev->mem.capacity) {
        s->status = TF_ERR_MALFORMED;
        return;
    }
    dev->window_count = (uint16_t)count;
    pass_bytes(s, (uint8_t *)dev->net.w, weights);
    pass_bytes(s, dev->net.f, weights);
    pass_words(s, dev->net.b, dev->model->trained_biases, 0);
    pass_halves(s, dev->mem.base_w, dev->shared_weights, keep_base);
    pass_words(s, dev->mem.base_b, dev->shared_biases, keep_base);
    pass_halves(s, dev->mem.residual, dev->shared_weights + dev->shared_biases, 0);
    pass_halves(s, dev->mem.labels, count, 0);
    pass_bytes(s, dev->mem.origins, count);
    pass_bytes(s, (uint8_t *)dev->mem.windows, count * dev->model->input_bytes);
}

static int read_header(const tf_device *dev, uint32_t slot, header *h) {
    uint8_t unit[TF_FLASH_UNIT];
    if (dev->port->flash_read(dev->port->ctx, slot_at(dev, slot), unit, sizeof unit) < 0) {
        return TF_ERR_IO;
    }
    for (uint32_t i = 0; i < HEADER_FIELDS; i++) {
        h->field[i] = get32(unit + 4u * i);
    }
    const int whole = h->field[FIELD_MAGIC] == MAGIC && h->field[FIELD_SEQUENCE] != 0 &&
                      get32(unit + HEADER_CRC_AT) == tf_crc32(0, unit, HEADER_CRC_AT);
    return whole ? TF_OK : TF_ERR_EMPTY;
}

/* TF_OK if the body behind a whole header is this model's and intact. */
static int check_body(const tf_device *dev, uint32_t slot, const header *h) {
    uint32_t left = h->field[FIELD_BODY_BYTES];
    if (h->field[FIELD_NETWORK] != dev->model->network_id || h->field[FIELD_SCHEME] != dev->model->scheme_id ||
        h->field[FIELD_CAPACITY] != dev->mem.capacity || left > dev->port->flash_bytes / 2u - BODY_AT) {
        return TF_ERR_EMPTY;
    }
    stream s = {.port = dev->port, .at = slot_at(dev, slot) + BODY_AT, .fill = TF_FLASH_UNIT};
    while (left > 0 && s.status == TF_OK) {
        const uint32_t part = left < TF_FLASH_UNIT ? left : TF_FLASH_UNIT;
        refill(&s);
        s.crc = tf_crc32(s.crc, s.unit, part);
        left -= part;
    }
    return s.status ? s.status : s.crc == h->field[FIELD_BODY_CRC] ? TF_OK : TF_ERR_EMPTY;
}

/* Serial number arithmetic: a is later than b. */
static int later(uint32_t a, uint32_t b) { return a - b - 1u < 0x7fffffffu; }

/* TF_ERR_MALFORMED: intact, yet nothing that tf_flash_store wrote; the planes hold it all the same. */
static int load(tf_device *dev, uint32_t slot, const header *h, int keep_base) {
    stream s = {.port = dev->port, .at = slot_at(dev, slot) + BODY_AT, .fill = TF_FLASH_UNIT};
    pass_body(dev, &s, keep_base);
    if (s.status < 0) {
        return s.status;
    }
    const int possible = tf_windows_possible(dev) && tf_numbers_possible(dev);
    return possible && s.bytes == h->field[FIELD_BODY_BYTES] ? TF_OK : TF_ERR_MALFORMED;
}

static int count_boot(tf_device *dev) {
    uint32_t at = slot_at(dev, dev->flash.newest) + TF_FLASH_UNIT;
    uint8_t unit[TF_FLASH_UNIT];
    for (uint32_t mark = 0; mark < MARKS; mark++, at += TF_FLASH_UNIT) {
        dev->boots++;
        if (dev->port->flash_read(dev->port->ctx, at, unit, sizeof unit) < 0) {
            return TF_ERR_IO;
        }
        uint32_t i = 0;
        while (i < sizeof unit && unit[i] == 0xff) {
            i++;
        }
        if (i == sizeof unit) {
            memset(unit, 0, sizeof unit);
            return dev->port->flash_write(dev->port->ctx, at, unit, sizeof unit) < 0 ? TF_ERR_IO : TF_OK;
        }
    }
    return TF_OK;
}

int tf_flash_mount(tf_device *dev) {
    header found[2];
    int whole[2];
    dev->flash = (tf_flash_state){0};
    for (uint32_t slot = 0; slot < 2; slot++) {
        whole[slot] = read_header(dev, slot, &found[slot]);
        if (whole[slot] == TF_ERR_IO) {
            return TF_ERR_IO;
        }
        for (uint32_t i = 0; i < 2 && whole[slot] == TF_OK; i++) {
            const uint32_t erases = found[slot].field[FIELD_ERASES0 + i];
            dev->flash.erases[i] = erases > dev->flash.erases[i] ? erases : dev->flash.erases[i];
        }
    }
    for (uint32_t slot = 0; slot < 2; slot++) {
        if (whole[slot] == TF_OK) {
            whole[slot] = check_body(dev, slot, &found[slot]);
        }
        if (whole[slot] == TF_ERR_IO) {
            return TF_ERR_IO;
        }
    }
    const uint32_t newest =
        whole[1] == TF_OK && (whole[0] < 0 || later(found[1].field[FIELD_SEQUENCE], found[0].field[FIELD_SEQUENCE]));
    int status = TF_ERR_EMPTY;
    for (uint32_t i = 0; i < 2 && (status == TF_ERR_EMPTY || status == TF_ERR_MALFORMED); i++) {
        const uint32_t slot = i == 0 ? newest : 1u - newest;
        if (whole[slot] == TF_OK) {
            dev->flash.sequence = found[slot].field[FIELD_SEQUENCE];
            dev->flash.newest = (uint8_t)slot;
            status = load(dev, slot, &found[slot], 0);
        }
    }
    return status < 0 ? status : count_boot(dev);
}

int tf_flash_reload(tf_device *dev) {
    const uint32_t boots = dev->boots;
    header h;
    int status = read_header(dev, dev->flash.newest, &h);
    if (status == TF_OK) {
        status = check_body(dev, dev->flash.newest, &h);
    }
    if (status == TF_OK) {
        status = load(dev, dev->flash.newest, &h, 1);
    }
    dev->boots = boots;
    return status;
}

static int write_header(tf_device *dev, uint32_t slot, const header *h) {
    uint8_t unit[TF_FLASH_UNIT];
    memset(unit, 0xff, sizeof unit);
    for (uint32_t i = 0; i < HEADER_FIELDS; i++) {
        put32(unit + 4u * i, h->field[i]);
    }
    put32(unit + HEADER_CRC_AT, tf_crc32(0, unit, HEADER_CRC_AT));
    return dev->port->flash_write(dev->port->ctx, slot_at(dev, slot), unit, sizeof unit) < 0 ? TF_ERR_IO : TF_OK;
}

int tf_flash_store(tf_device *dev) {
    const uint32_t slot = dev->flash.sequence ? 1u - dev->flash.newest : 0;
    const uint32_t sector = dev->port->sector_bytes;
    const uint32_t first = slot_at(dev, slot) / sector;
    const uint32_t sectors = tf_device_slot_bytes(dev->model, dev->mem.capacity, sector) / sector;
    dev->flash.erases[slot]++;
    for (uint32_t i = 0; i < sectors; i++) {
        if (dev->port->flash_erase(dev->port->ctx, first + i) < 0) {
            return TF_ERR_IO;
        }
    }
    stream s = {.port = dev->port, .at = slot_at(dev, slot) + BODY_AT, .writing = 1};
    pass_body(dev, &s, 0);
    if (s.status == TF_OK && s.fill > 0) {
        memset(s.unit + s.fill, 0xff, TF_FLASH_UNIT - s.fill);
        flush(&s);
    }
    if (s.status < 0) {
        return s.status;
    }
    uint32_t sequence = dev->flash.sequence + 1u;
    sequence += sequence == 0;
    const header h = {.field = {MAGIC, sequence, dev->model->network_id, dev->model->scheme_id, dev->mem.capacity,
                                s.bytes, s.crc, dev->flash.erases[0], dev->flash.erases[1]}};
    if (write_header(dev, slot, &h) < 0) {
        return TF_ERR_IO;
    }
    dev->flash.sequence = sequence;
    dev->flash.newest = (uint8_t)slot;
    return TF_OK;
}
