#ifndef RING_H
#define RING_H

#include <stdint.h>

/* Bytes from one interrupt to one loop; each writes its own counter only. */
#define RING_BYTES 512u /* a power of two: two frames of the line */

typedef struct {
    uint8_t bytes[RING_BYTES];
    volatile uint32_t put, got; /* counts of bytes ever; they wrap */
} ring;

static inline int ring_empty(const ring *r) { return r->put == r->got; }
static inline int ring_full(const ring *r) { return r->put - r->got == RING_BYTES; }

/* Not when it is full. */
static inline void ring_put(ring *r, uint8_t byte) {
    r->bytes[r->put % RING_BYTES] = byte;
    __asm volatile("" ::: "memory"); /* the byte before its count */
    r->put++;
}

/* -1: empty. */
static inline int ring_get(ring *r) {
    if (ring_empty(r)) {
        return -1;
    }
    __asm volatile("" ::: "memory");
    const uint8_t byte = r->bytes[r->got % RING_BYTES];
    __asm volatile("" ::: "memory"); /* read before its place is free */
    r->got++;
    return byte;
}

#endif
