#include "tf_rice.h"

#include "tf_status.h"

static uint32_t zigzag(int32_t value) { return value < 0 ? ~((uint32_t)value << 1) : (uint32_t)value << 1; }

static uint32_t code_bits(uint32_t zz, uint8_t k) {
    const uint32_t quotient = zz >> k;
    return quotient < TF_RICE_ESCAPE ? quotient + 1u + k : TF_RICE_ESCAPE + 32u;
}

static void write_bits(tf_rice_writer *w, uint32_t bits, uint32_t count) {
    for (uint32_t i = count; i-- > 0; w->bit++) {
        const uint8_t mask = (uint8_t)(0x80u >> (w->bit & 7u));
        uint8_t *byte = &w->data[w->bit >> 3];
        *byte = (uint8_t)((bits >> i) & 1u ? *byte | mask : *byte & ~mask);
    }
}

int tf_rice_write(tf_rice_writer *w, int32_t value) {
    const uint32_t zz = zigzag(value);
    const uint32_t quotient = zz >> w->k;
    if (w->bit + code_bits(zz, w->k) > 8u * w->bytes) {
        return TF_ERR_SPACE;
    }
    if (quotient < TF_RICE_ESCAPE) {
        write_bits(w, (2u << quotient) - 2u, quotient + 1u);
        write_bits(w, zz, w->k);
    } else {
        write_bits(w, (1u << TF_RICE_ESCAPE) - 1u, TF_RICE_ESCAPE);
        write_bits(w, zz, 32u);
    }
    return TF_OK;
}

uint32_t tf_rice_finish(const tf_rice_writer *w) {
    if (w->bit & 7u) {
        w->data[w->bit >> 3] = (uint8_t)(w->data[w->bit >> 3] & ~(0xffu >> (w->bit & 7u)));
    }
    return (w->bit + 7u) >> 3;
}

static uint32_t read_bit(tf_rice_reader *r) {
    const uint32_t bit = (uint32_t)(r->data[r->bit >> 3] >> (7u - (r->bit & 7u))) & 1u;
    r->bit++;
    return bit;
}

int tf_rice_read(tf_rice_reader *r, int32_t *value) {
    const uint32_t end = 8u * r->bytes;
    uint32_t quotient = 0;
    for (;; quotient++) {
        if (quotient == TF_RICE_ESCAPE) {
            break;
        }
        if (r->bit == end) {
            return TF_ERR_MALFORMED;
        }
        if (!read_bit(r)) {
            break;
        }
    }
    uint32_t left = r->k;
    uint32_t zz = quotient;
    if (quotient == TF_RICE_ESCAPE) {
        left = 32;
        zz = 0;
    }
    if (end - r->bit < left) {
        return TF_ERR_MALFORMED;
    }
    while (left-- > 0) {
        zz = (zz << 1) | read_bit(r);
    }
    *value = zz & 1u ? -1 - (int32_t)(zz >> 1) : (int32_t)(zz >> 1);
    return TF_OK;
}

int tf_rice_end(const tf_rice_reader *r) {
    if (8u * r->bytes - r->bit >= 8u) {
        return TF_ERR_MALFORMED;
    }
    return (r->bit & 7u) && (r->data[r->bit >> 3] & (0xffu >> (r->bit & 7u))) ? TF_ERR_MALFORMED : TF_OK;
}

void tf_rice_choose(tf_rice_choice *c, uint32_t limit_bits) { *c = (tf_rice_choice){.limit = limit_bits}; }

int tf_rice_consider(tf_rice_choice *c, int32_t value) {
    const uint32_t zz = zigzag(value);
    int any = 0;
    for (uint8_t k = 0; k <= TF_RICE_MAX_K; k++) {
        const uint32_t bits = c->bits[k] + code_bits(zz, k);
        if (c->fit[k] == c->count && bits <= c->limit) {
            c->bits[k] = bits;
            c->fit[k]++;
            any = 1;
        }
    }
    c->count++;
    return any;
}

uint8_t tf_rice_chosen(const tf_rice_choice *c, uint32_t *count) {
    uint8_t best = 0;
    for (uint8_t k = 1; k <= TF_RICE_MAX_K; k++) {
        if (c->fit[k] > c->fit[best] || (c->fit[k] == c->fit[best] && c->bits[k] < c->bits[best])) {
            best = k;
        }
    }
    *count = c->fit[best];
    return best;
}
