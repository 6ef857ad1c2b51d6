#include "tf_arq.h"

#include <string.h>

#define FIRST_RETRY_MS 250u
#define MAX_RETRY_MS 2000u

enum { OPEN = 0x11, ACCEPT = 0x12, BOOT = 0x13, RESET = 0x14, DATA = 0x15, ACK = 0x16 };
enum { DATA_HEADER = 11 };
enum { DUE_ACCEPT = 1, DUE_RESET = 2, DUE_ACK = 4, DUE_OPEN = 8 };

static uint32_t get16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t get32(const uint8_t *p) { return get16(p) | get16(p + 2) << 16; }

static uint8_t *put8(uint8_t *p, uint32_t v) {
    *p = (uint8_t)v;
    return p + 1;
}
static uint8_t *put16(uint8_t *p, uint32_t v) { return put8(put8(p, v), v >> 8); }
static uint8_t *put32(uint8_t *p, uint32_t v) { return put16(put16(p, v), v >> 16); }

/* A number neither this start nor, by its seed, an earlier one has used; never 0. */
static uint32_t identity(tf_arq *arq) {
    uint32_t x = arq->seed + ++arq->identities * 0x9E3779B9u;
    x = (x ^ x >> 16) * 0x85EBCA6Bu;
    x = (x ^ x >> 13) * 0xC2B2AE35u;
    x ^= x >> 16;
    return x != 0 ? x : 1u;
}

static void drop(tf_arq *arq) {
    arq->out.length = 0;
    arq->due = 0;
}

static void establish(tf_arq *arq, uint8_t payload_units, uint8_t window_units) {
    arq->tag = arq->session + arq->device;
    arq->established = 1;
    arq->sessions++;
    arq->in_have = 0;
    arq->in_number = 0;
    arq->in_complete = 0;
    tf_arq_out_begin(&arq->out, payload_units < arq->payload_units ? payload_units : arq->payload_units, window_units);
}

static void reopen(tf_arq *arq) {
    drop(arq);
    arq->established = 0;
    arq->session = identity(arq);
    arq->knock_interval = FIRST_RETRY_MS;
}

/* Finds out whether the other end still has our session, having met a frame of another one. */
static void doubt(tf_arq *arq, uint32_t tag) {
    if (arq->role == TF_ARQ_DEVICE) {
        arq->reset_tag = tag;
        arq->due |= DUE_RESET;
    } else if (arq->established) {
        arq->due |= DUE_OPEN;
    }
}

/* body: session, payload units, window units. */
static void follow_gateway(tf_arq *arq, const uint8_t *body) {
    if (!arq->established || get32(body + 1) != arq->session) {
        if (arq->established) {
            drop(arq);
        }
        arq->session = get32(body + 1);
        arq->device = identity(arq);
        establish(arq, body[5], body[6]);
    }
    arq->due |= DUE_ACCEPT;
}

/* knock_interval = FIRST_RETRY_MS: knock at once. On the gateway's end arq->boot is the device's. */
static void follow_device(tf_arq *arq, const uint8_t *body) {
    uint32_t first = get32(body + 1);
    if (body[0] == ACCEPT && first != arq->session) {
        doubt(arq, first);
    } else if (body[0] == ACCEPT && !arq->established) {
        arq->device = get32(body + 5);
        arq->boot = get32(body + 9);
        establish(arq, body[13], body[14]);
    } else if (body[0] == ACCEPT) {
        if (get32(body + 5) != arq->device) {
            reopen(arq);
        }
    } else if (body[0] == BOOT && !arq->established) {
        arq->knock_interval = FIRST_RETRY_MS;
    } else if ((body[0] == BOOT && first != arq->boot) || (body[0] == RESET && arq->established && first == arq->tag)) {
        reopen(arq);
    }
}

static void ack(tf_arq *arq, uint32_t number, uint8_t poll, uint32_t have) {
    arq->ack_number = (uint16_t)number;
    arq->ack_poll = poll;
    arq->ack_have = have;
    arq->due |= DUE_ACK;
}

static void take_data(tf_arq *arq, const uint8_t *body, size_t n) {
    uint32_t number = get16(body + 5), length = get16(body + 7), begin = body[9] * TF_ARQ_UNIT_BYTES;
    uint32_t bytes = (uint32_t)n - DATA_HEADER;
    uint32_t behind = (arq->in_number - number) & 0xFFFFu;
    if (behind != 0) {
        if (behind < 0x8000u && body[10] != 0) {
            ack(arq, number, body[10], UINT32_MAX);
        }
        return;
    }
    if (arq->in_complete || (arq->in_have != 0 && arq->in_length != length)) {
        return;
    }
    arq->in_length = (uint16_t)length;
    memcpy(arq->in + begin, body + DATA_HEADER, bytes);
    arq->in_have |= tf_arq_units(bytes) << body[9];
    if (arq->in_have == tf_arq_units(length)) {
        arq->in_complete = 1;
        arq->ack_poll = body[10];
    } else if (body[10] != 0) {
        ack(arq, number, body[10], arq->in_have);
    }
}

/* Whether the frame keeps the rules of its kind. */
static int well_formed(const uint8_t *body, size_t n) {
    static const uint8_t sizes[6] = {7, 15, 5, 5, 0, 12}; /* of all kinds but DATA */
    uint8_t kind = body[0];
    if (kind < OPEN || kind > ACK) {
        return 0;
    }
    if (kind == DATA) {
        if (n <= DATA_HEADER) {
            return 0;
        }
        uint32_t length = get16(body + 7), bytes = (uint32_t)n - DATA_HEADER;
        uint32_t end = body[9] * TF_ARQ_UNIT_BYTES + bytes;
        return length <= TF_ARQ_MESSAGE_BYTES && (end == length || (end < length && bytes % TF_ARQ_UNIT_BYTES == 0));
    }
    if (kind == OPEN || kind == ACCEPT) {
        const uint8_t *limits = body + sizes[kind - OPEN] - 2;
        return n == sizes[kind - OPEN] && limits[0] >= 1u && limits[0] <= TF_ARQ_PAYLOAD_UNITS && limits[1] >= 1u &&
               limits[1] <= TF_ARQ_UNITS;
    }
    return n == sizes[kind - OPEN];
}

static void take_frame(tf_arq *arq, const uint8_t *body, size_t n, uint32_t now_ms) {
    uint8_t kind = body[0];
    if (!well_formed(body, n)) {
        return;
    }
    if (kind == DATA || kind == ACK) {
        if (!arq->established || get32(body + 1) != arq->tag) {
            doubt(arq, get32(body + 1));
        } else if (kind == DATA) {
            take_data(arq, body, n);
        } else {
            tf_arq_out_ack(&arq->out, (uint16_t)get16(body + 5), body[7], get32(body + 8), now_ms);
        }
    } else if (arq->role == TF_ARQ_GATEWAY) {
        follow_device(arq, body);
    } else if (kind == OPEN) {
        follow_gateway(arq, body);
    }
}

void tf_arq_init(tf_arq *arq, uint8_t role, uint32_t seed, uint8_t payload_units, uint8_t window_units) {
    memset(arq, 0, sizeof *arq);
    arq->role = role;
    arq->seed = seed;
    arq->payload_units = payload_units;
    arq->window_units = window_units;
    arq->knock_interval = FIRST_RETRY_MS;
    if (role == TF_ARQ_GATEWAY) {
        arq->session = identity(arq);
    } else {
        arq->boot = identity(arq);
    }
}

void tf_arq_feed(tf_arq *arq, uint8_t byte, uint32_t now_ms) {
    size_t n = tf_frame_take(&arq->decoder, byte);
    if (n != 0) {
        take_frame(arq, arq->decoder.bytes, n, now_ms);
    }
}

const uint8_t *tf_arq_message(const tf_arq *arq, size_t *n) {
    *n = arq->in_length;
    return arq->in_complete ? arq->in : NULL;
}

void tf_arq_take(tf_arq *arq) {
    if (!arq->in_complete) {
        return;
    }
    ack(arq, arq->in_number, arq->ack_poll, tf_arq_units(arq->in_length));
    arq->in_number++;
    arq->in_have = 0;
    arq->in_complete = 0;
}

int tf_arq_send(tf_arq *arq, const uint8_t *message, size_t n) {
    if (n < 1 || n > TF_ARQ_MESSAGE_BYTES) {
        return TF_ERR_ARGUMENT;
    }
    if (arq->out.length != 0) {
        return TF_ERR_SPACE;
    }
    memcpy(arq->out.message, message, n);
    tf_arq_out_load(&arq->out, (uint16_t)n);
    return TF_OK;
}

/* Whether it opens sessions, has something to send, or has not said yet that it started. */
static int wants_session(const tf_arq *arq) {
    return arq->role == TF_ARQ_GATEWAY || arq->out.length != 0 || arq->knock_interval == FIRST_RETRY_MS;
}

uint32_t tf_arq_wait(const tf_arq *arq, uint32_t now_ms) {
    if (arq->due != 0) {
        return 0;
    }
    if (arq->established) {
        return tf_arq_out_wait(&arq->out, now_ms);
    }
    if (!wants_session(arq)) {
        return UINT32_MAX;
    }
    uint32_t left = arq->knock_at - now_ms;
    return left >= 0x80000000u || arq->knock_interval == FIRST_RETRY_MS ? 0 : left;
}

static uint8_t *put_limits(const tf_arq *arq, uint8_t *p) {
    return put8(put8(p, arq->payload_units), arq->window_units);
}

static uint8_t *put_open(const tf_arq *arq, uint8_t *p) { return put_limits(arq, put32(put8(p, OPEN), arq->session)); }

static uint8_t *knock(tf_arq *arq, uint8_t *p, uint32_t now_ms) {
    arq->knock_at = now_ms + arq->knock_interval;
    arq->knock_interval = arq->knock_interval < MAX_RETRY_MS / 2u ? arq->knock_interval * 2u : MAX_RETRY_MS;
    return arq->role == TF_ARQ_DEVICE ? put32(put8(p, BOOT), arq->boot) : put_open(arq, p);
}

size_t tf_arq_poll(tf_arq *arq, uint8_t *frame, uint32_t now_ms) {
    uint8_t *p = frame + 1;
    tf_arq_piece piece;
    if (arq->due & DUE_ACCEPT) {
        arq->due &= (uint8_t)~DUE_ACCEPT;
        p = put_limits(arq, put32(put32(put32(put8(p, ACCEPT), arq->session), arq->device), arq->boot));
    } else if (arq->due & DUE_RESET) {
        arq->due &= (uint8_t)~DUE_RESET;
        p = put32(put8(p, RESET), arq->reset_tag);
    } else if (arq->due & DUE_ACK) {
        arq->due &= (uint8_t)~DUE_ACK;
        p = put16(put32(put8(p, ACK), arq->tag), arq->ack_number);
        p = put32(put8(p, arq->ack_poll), arq->ack_have);
    } else if (arq->due & DUE_OPEN) {
        arq->due &= (uint8_t)~DUE_OPEN;
        p = put_open(arq, p);
    } else if (!arq->established) {
        if (tf_arq_wait(arq, now_ms) == 0) {
            p = knock(arq, p, now_ms);
        }
    } else if (tf_arq_out_next(&arq->out, now_ms, &piece)) {
        p = put16(put16(put32(put8(p, DATA), arq->tag), arq->out.number), arq->out.length);
        p = put8(put8(p, piece.first), piece.poll);
        memcpy(p, arq->out.message + piece.first * TF_ARQ_UNIT_BYTES, piece.bytes);
        p += piece.bytes;
    }
    size_t n = (size_t)(p - frame) - 1u;
    return n != 0 ? tf_frame_encode(frame, n) : 0;
}
