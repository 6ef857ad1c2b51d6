/*
 * Two ends of the serial link with a line between them that turns bits, drops, repeats and reorders, in simulated
 * time; both send numbered messages as fast as they can until so many frames were on the line. Says what arrived.
 *
 * Usage: bad_line FRAMES SEED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tf_arq.h"

enum { IN_FLIGHT = 64, BYTES_PER_MS = 11, MOST_DELAY_MS = 80 }; /* 115,200 baud */
enum { FLIP_PERMILLE = 10, DROP_PERMILLE = 50, REPEAT_PERMILLE = 50, DELAY_PERMILLE = 50 };

typedef struct {
    uint8_t bytes[TF_FRAME_BYTES];
    size_t n;
    uint32_t arrives; /* ms */
    int used;
} frame;

typedef struct {
    tf_arq arq;
    uint32_t sent, received; /* messages */
    uint64_t payload;        /* bytes received */
    uint32_t free_at;        /* when the last frame has left */
    frame flight[IN_FLIGHT]; /* to this end */
} end;

static uint64_t state;

static uint32_t draw(void) { /* Steele, Lea and Flood, splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

static int chance(uint32_t permille) { return draw() % 1000u < permille; }

/* Message `number` of an end: its length and bytes follow from the number. */
static size_t message(uint32_t who, uint32_t number, uint8_t *bytes) {
    uint32_t x = number * 2654435761u + who;
    const size_t n = 8 + (x >> 8) % 1017u;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(x >> 24);
    }
    memcpy(bytes, &number, sizeof number);
    return n;
}

static void fail(const char *what, uint32_t number) {
    printf("%s: message %u\n", what, (unsigned)number);
    exit(1);
}

static void fly(end *to, const uint8_t *bytes, size_t n, uint32_t arrives) {
    frame *f = to->flight;
    while (f->used) {
        if (++f == to->flight + IN_FLIGHT) {
            fail("too many frames under way", 0);
        }
    }
    *f = (frame){.n = n, .arrives = arrives, .used = 1};
    memcpy(f->bytes, bytes, n);
    for (size_t i = 0; i < n; i++) {
        if (chance(FLIP_PERMILLE)) {
            f->bytes[i] ^= (uint8_t)(1u << draw() % 8u);
        }
    }
}

/* Sends what there is; returns the frames put on the line. */
static uint32_t speak(end *from, uint32_t who, end *to, uint32_t now) {
    uint8_t bytes[TF_ARQ_MESSAGE_BYTES];
    uint32_t frames = 0;
    if (from->arq.out.length == 0) {
        const size_t n = message(who, from->sent, bytes);
        if (tf_arq_send(&from->arq, bytes, n) == TF_OK) {
            from->sent++;
        }
    }
    size_t n;
    while ((int32_t)(now - from->free_at) >= 0 && (n = tf_arq_poll(&from->arq, bytes, now)) != 0) {
        frames++;
        from->free_at = now + 1u + (uint32_t)n / BYTES_PER_MS;
        for (int copies = chance(REPEAT_PERMILLE) ? 2 : 1; copies > 0; copies--) {
            if (!chance(DROP_PERMILLE)) {
                fly(to, bytes, n, from->free_at + (chance(DELAY_PERMILLE) ? draw() % MOST_DELAY_MS : 0));
            }
        }
    }
    return frames;
}

static void take(end *at, uint32_t peer) {
    uint8_t expected[TF_ARQ_MESSAGE_BYTES];
    size_t n;
    const uint8_t *arrived = tf_arq_message(&at->arq, &n);
    if (arrived == NULL) {
        return;
    }
    if (n != message(peer, at->received, expected) || memcmp(arrived, expected, n) != 0) {
        fail("lost, doubled or altered", at->received);
    }
    at->received++;
    at->payload += n;
    tf_arq_take(&at->arq);
}

static void hear(end *at, uint32_t peer, uint32_t now) {
    for (;;) {
        frame *next = NULL;
        for (frame *f = at->flight; f < at->flight + IN_FLIGHT; f++) {
            if (f->used && (int32_t)(now - f->arrives) >= 0 &&
                (next == NULL || (int32_t)(f->arrives - next->arrives) < 0)) {
                next = f;
            }
        }
        if (next == NULL) {
            return;
        }
        next->used = 0;
        for (size_t i = 0; i < next->n; i++) {
            tf_arq_feed(&at->arq, next->bytes[i], now);
            take(at, peer);
        }
    }
}

int main(int argc, char **argv) {
    static end ends[2];
    if (argc != 3) {
        return 2;
    }
    const uint32_t frames = (uint32_t)strtoul(argv[1], NULL, 10);
    state = strtoull(argv[2], NULL, 10);
    tf_arq_init(&ends[0].arq, TF_ARQ_GATEWAY, draw(), TF_ARQ_PAYLOAD_UNITS, TF_ARQ_UNITS);
    tf_arq_init(&ends[1].arq, TF_ARQ_DEVICE, draw(), TF_ARQ_PAYLOAD_UNITS, TF_ARQ_UNITS);
    uint32_t now = 0, spoken = 0, last = 0, heard = 0, longest = 0;
    for (; spoken < frames; now++) {
        for (uint32_t i = 0; i < 2; i++) {
            spoken += speak(&ends[i], i, &ends[1 - i], now);
            hear(&ends[i], 1 - i, now);
        }
        if (ends[0].received + ends[1].received != heard) {
            heard = ends[0].received + ends[1].received;
            last = now;
        }
        longest = now - last > longest ? now - last : longest;
    }
    if (ends[0].arq.sessions != 1 || ends[1].arq.sessions != 1) {
        fail("a session ended", 0);
    }
    for (uint32_t i = 0; i < 2; i++) { /* what was sent has arrived, but for the last one */
        if (ends[i].sent - ends[1 - i].received > 1) {
            fail("lost", ends[1 - i].received);
        }
    }
    const uint64_t bytes = ends[0].payload + ends[1].payload;
    printf("%u frames, %u messages, %llu bytes in %u s of line; longest wait for a message %u ms; bad frames %u\n",
           (unsigned)spoken, (unsigned)heard, (unsigned long long)bytes, (unsigned)(now / 1000u), (unsigned)longest,
           (unsigned)(ends[0].arq.decoder.bad_frames + ends[1].arq.decoder.bad_frames));
    return 0;
}
