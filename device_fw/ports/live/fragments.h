#ifndef FRAGMENTS_H
#define FRAGMENTS_H

#include <stdint.h>

#include "tf_device.h"

/*
 * A payload that arrives in pieces, in order: an MQTT client with a small buffer gives a long one so, and names its
 * topic with the first piece alone.
 */
typedef struct {
    uint8_t bytes[TF_MESSAGE_BYTES];
    uint32_t have, total; /* total 0: nothing is arriving that we want */
} fragments;

/* Begins a payload of total bytes, 1 .. TF_MESSAGE_BYTES; one of another length is passed over. */
void fragments_begin(fragments *f, uint32_t total);

/*
 * Takes n bytes that belong at offset `at`. Returns the length of the payload that is now whole in f->bytes, until the
 * next begin, or 0. A piece that does not follow the one before drops the payload.
 */
uint32_t fragments_take(fragments *f, const uint8_t *piece, uint32_t n, uint32_t at);

#endif
