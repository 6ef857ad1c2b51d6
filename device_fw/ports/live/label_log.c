#include "label_log.h"

#include <string.h>

#include "tf_frame.h" /* tf_crc32 */

#define MAGIC 0x4C4C4654u /* "TFLL" */
#define FIRST_SLOT (2u * TF_FLASH_UNIT)
#define ROUND_SLOTS 4u /* kept for rounds: a power cut may spoil one */

/* The first unit of a slot, written last. The log begins with one of kind BEGIN and a unit that is blank while it
 * lives. */
enum { BEGIN = 1, WINDOW = 2, ROUND = 3 };
typedef struct {
    uint32_t magic, kind, value; /* value: label, or the round to which the windows before it belong */
    uint8_t unused[TF_FLASH_UNIT - 16u];
    uint32_t crc; /* of the bytes before */
} header;
_Static_assert(sizeof(header) == TF_FLASH_UNIT, "a header is a unit");

static uint32_t crc_of(const header *h) { return tf_crc32(0, (const uint8_t *)h, sizeof *h - sizeof h->crc); }

static int read_header(const label_log *log, uint32_t at, header *h) {
    const int status = log->area->read(log->area->ctx, at, h, sizeof *h);
    if (status >= 0 && (h->magic != MAGIC || h->crc != crc_of(h))) {
        h->kind = 0;
    }
    return status;
}

static int write_header(const label_log *log, uint32_t at, uint32_t kind, uint32_t value) {
    header h = {.magic = MAGIC, .kind = kind, .value = value};
    memset(h.unused, 0xff, sizeof h.unused);
    h.crc = crc_of(&h);
    return log->area->write(log->area->ctx, at, &h, sizeof h);
}

static uint32_t slot_at(const label_log *log, uint32_t slot) { return FIRST_SLOT + slot * log->slot_bytes; }

/* 1: all n bytes are erased, 0: not; n counts whole units. */
static int blank(const label_log *log, uint32_t at, uint32_t n) {
    uint8_t unit[TF_FLASH_UNIT];
    for (uint32_t done = 0; done < n; done += sizeof unit) {
        const int status = log->area->read(log->area->ctx, at + done, unit, sizeof unit);
        for (uint32_t i = 0; status >= 0 && i < sizeof unit; i++) {
            if (unit[i] != 0xff) {
                return 0;
            }
        }
        if (status < 0) {
            return status;
        }
    }
    return 1;
}

/* Ends the log for good, erases it, begins anew; until that has succeeded the log is over. */
static int restart(label_log *log) {
    static const uint8_t zeros[TF_FLASH_UNIT];
    const flash_area *area = log->area;
    log->next = log->waiting = log->last_round = 0;
    log->over = 1;
    int status = blank(log, TF_FLASH_UNIT, TF_FLASH_UNIT);
    if (status > 0) {
        status = area->write(area->ctx, TF_FLASH_UNIT, zeros, sizeof zeros);
    }
    for (uint32_t sector = 0; status >= 0 && sector < area->bytes / area->sector_bytes; sector++) {
        status = area->erase(area->ctx, sector); /* also one that reads as erased: an erase cut short may */
    }
    if (status >= 0) {
        status = write_header(log, 0, BEGIN, log->network);
    }
    log->over = status < 0;
    return status;
}

static void note(label_log *log, const header *h) {
    if (h->kind == WINDOW) {
        log->waiting++;
    } else if (h->kind == ROUND) {
        log->waiting = 0;
        log->last_round = h->value;
    }
}

/* Reads all slots; what a power cut left half-written is passed over. */
static int scan(label_log *log) {
    for (uint32_t slot = 0; slot < log->slots; slot++) {
        header h;
        int status = read_header(log, slot_at(log, slot), &h);
        if (status >= 0 && h.kind == 0) {
            status = blank(log, slot_at(log, slot), log->slot_bytes);
        } else if (status >= 0) {
            note(log, &h);
            status = 0;
        }
        if (status < 0) {
            return status;
        }
        if (status == 0) {
            log->next = slot + 1;
        }
    }
    return TF_OK;
}

int label_log_open(label_log *log, const flash_area *area, uint32_t network, uint32_t input_bytes) {
    const uint32_t units = (input_bytes + TF_FLASH_UNIT - 1u) / TF_FLASH_UNIT;
    *log = (label_log){
        .area = area, .network = network, .input_bytes = input_bytes, .slot_bytes = (1u + units) * TF_FLASH_UNIT};
    if (area->bytes < FIRST_SLOT + (ROUND_SLOTS + 1u) * log->slot_bytes) {
        return TF_ERR_SPACE;
    }
    log->slots = (area->bytes - FIRST_SLOT) / log->slot_bytes;
    header h;
    const int status = read_header(log, 0, &h);
    const int alive = status >= 0 ? blank(log, TF_FLASH_UNIT, TF_FLASH_UNIT) : status;
    if (alive < 0) {
        return alive;
    }
    return alive && h.kind == BEGIN && h.value == network ? scan(log) : restart(log);
}

int label_log_forget(label_log *log) { return log->next > 0 ? restart(log) : TF_OK; }

/* Whole units, the last filled up. */
static int write_window(const label_log *log, uint32_t at, const int8_t *x) {
    const uint32_t whole = log->input_bytes / TF_FLASH_UNIT * TF_FLASH_UNIT, rest = log->input_bytes - whole;
    const flash_area *area = log->area;
    int status = whole > 0 ? area->write(area->ctx, at, x, whole) : TF_OK;
    if (status >= 0 && rest > 0) {
        uint8_t unit[TF_FLASH_UNIT];
        memset(unit, 0xff, sizeof unit);
        memcpy(unit, x + whole, rest);
        status = area->write(area->ctx, at + whole, unit, sizeof unit);
    }
    return status;
}

int label_log_add(label_log *log, const int8_t *x, uint16_t label, uint32_t committed) {
    if (log->over || (log->waiting == 0 && log->last_round <= committed && 2u * log->next >= log->slots)) {
        const int status = restart(log);
        if (status < 0) {
            return status;
        }
    }
    if (log->next + ROUND_SLOTS >= log->slots) {
        return TF_ERR_SPACE;
    }
    const uint32_t at = slot_at(log, log->next++); /* also where it fails: its units are spent */
    int status = write_window(log, at + TF_FLASH_UNIT, x);
    if (status >= 0) {
        status = write_header(log, at, WINDOW, label);
    }
    log->waiting += status >= 0;
    return status;
}

/* Hands over the windows of the slots from `from` up to `end`, not included. */
static int push(const label_log *log, tf_device *dev, uint32_t from, uint32_t end, int8_t *scratch) {
    int status = TF_OK;
    for (uint32_t slot = from; status >= 0 && slot < end; slot++) {
        header h;
        status = read_header(log, slot_at(log, slot), &h);
        if (status < 0 || h.kind != WINDOW) {
            continue;
        }
        const flash_area *area = log->area;
        status = area->read(area->ctx, slot_at(log, slot) + TF_FLASH_UNIT, scratch, log->input_bytes);
        if (status >= 0) {
            status = tf_push_sample(dev, scratch, log->input_bytes);
        }
        if (status >= 0) {
            status = tf_label(dev, (uint16_t)h.value, TF_FRESH);
        }
    }
    return status;
}

int label_log_collect(label_log *log, tf_device *dev, uint32_t first, uint32_t last, int8_t *scratch) {
    if (log->next >= log->slots) { /* every slot for rounds was spoilt: these windows will never have one */
        log->waiting = 0;
    }
    if (log->waiting > 0 && last > log->last_round) { /* a round collected before keeps the windows it had */
        const int status = write_header(log, slot_at(log, log->next++), ROUND, last);
        if (status < 0) {
            return status;
        }
        log->waiting = 0;
        log->last_round = last;
    }
    for (uint32_t slot = 0, from = 0; slot < log->next; slot++) {
        header h;
        int status = read_header(log, slot_at(log, slot), &h);
        if (status >= 0 && h.kind == ROUND) {
            status = h.value >= first && h.value <= last ? push(log, dev, from, slot, scratch) : TF_OK;
            from = slot + 1;
        }
        if (status < 0) {
            return status;
        }
    }
    return TF_OK;
}
