#include "recordings.h"

#include <string.h>

enum { HEADER_BYTES = 12 + 4 * TFR_SETS, RECORD_HEADER_BYTES = 4, VERSION = 1 };

static const uint8_t magic[4] = {'T', 'F', 'R', 'C'};

typedef struct {
    uint16_t label, round;
    const int8_t *x; /* [input_bytes] */
} window;

static uint32_t get(const uint8_t *p, unsigned bytes) {
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint32_t)p[i] << (8u * i);
    }
    return v;
}

static window at(const tfr_recordings *r, uint32_t record) {
    const uint8_t *p = r->bytes + HEADER_BYTES + (size_t)record * (RECORD_HEADER_BYTES + (size_t)r->input_bytes);
    return (window){(uint16_t)get(p, 2), (uint16_t)get(p + 2, 2), (const int8_t *)(p + RECORD_HEADER_BYTES)};
}

/* Where each set begins; returns the bytes of the whole file, more than there can be if the header counts too many. */
static uint64_t read_sizes(tfr_recordings *r) {
    r->input_bytes = get(r->bytes + 8, 4);
    uint64_t records = 0;
    for (unsigned set = 0; set < TFR_SETS; set++) {
        r->first[set] = (uint32_t)records;
        records += get(r->bytes + 12 + 4 * set, 4);
    }
    r->first[TFR_SETS] = (uint32_t)records;
    return records > UINT32_MAX ? UINT64_MAX
                                : HEADER_BYTES + records * ((uint64_t)RECORD_HEADER_BYTES + r->input_bytes);
}

static const char *read_header(tfr_recordings *r, size_t size) {
    if (size == 0) {
        return "is empty";
    }
    if (size < HEADER_BYTES || get(r->bytes, 4) != get(magic, 4)) {
        return "is no recordings file";
    }
    if (get(r->bytes + 4, 2) != VERSION || get(r->bytes + 6, 2) != TFR_SETS) {
        return "is of another version of the recordings format";
    }
    return size == read_sizes(r) ? NULL : "is not as long as its header says";
}

size_t tfr_bytes(const uint8_t *bytes, size_t most) {
    tfr_recordings r = {.bytes = bytes};
    if (most < HEADER_BYTES || get(bytes, 4) != get(magic, 4)) {
        return 0;
    }
    const uint64_t size = read_sizes(&r);
    return size <= most ? (size_t)size : 0;
}

const char *tfr_open(tfr_recordings *r, const uint8_t *bytes, size_t size, const tf_model *model) {
    *r = (tfr_recordings){.bytes = bytes};
    const char *wrong = read_header(r, size);
    if (wrong != NULL) {
        return wrong;
    }
    if (r->input_bytes != model->input_bytes) {
        return "holds windows of another size than the network takes";
    }
    for (uint32_t i = 0; i < r->first[TFR_SETS]; i++) {
        if (at(r, i).label >= model->classes) {
            return "holds a label the network has no class for";
        }
    }
    return NULL;
}

/* Windows of one set whose round is first .. last, in the order of the file. */
static int push_set(const tfr_recordings *r, tf_device *dev, unsigned set, uint32_t first, uint32_t last,
                    uint8_t origin) {
    for (uint32_t i = r->first[set]; i < r->first[set + 1]; i++) {
        window w = at(r, i);
        if (w.round < first || w.round > last) {
            continue;
        }
        int status = tf_push_sample(dev, w.x, r->input_bytes);
        if (status >= 0) {
            status = tf_label(dev, w.label, origin);
        }
        if (status < 0) {
            return status;
        }
    }
    return TF_OK;
}

int tfr_collect(const tfr_recordings *r, tf_device *dev, uint32_t first, uint32_t last) {
    int status = first == 0 ? push_set(r, dev, TFR_FACTORY, 0, 0, TF_FACTORY) : TF_OK;
    return status < 0 ? status : push_set(r, dev, TFR_WEARER, first > 0 ? first : 1u, last, TF_FRESH);
}

int tfr_sample(const tfr_recordings *r, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label) {
    if (set >= TFR_SETS || index >= r->first[set + 1] - r->first[set]) {
        return TF_ERR_EMPTY;
    }
    window w = at(r, r->first[set] + index);
    *x = w.x;
    *label = w.label;
    return TF_OK;
}
