#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdint.h>

#include "tf_device.h"

/* Messages in the order in which they were said: an answer, and an event that follows it. */
enum { OUTBOX_MESSAGES = 2 };

typedef struct {
    uint8_t bytes[OUTBOX_MESSAGES][TF_MESSAGE_BYTES];
    uint32_t length[OUTBOX_MESSAGES];
    uint32_t first, count;
} outbox;

/* Copies a message of 1 .. TF_MESSAGE_BYTES bytes. TF_ERR_SPACE: full. */
int outbox_put(outbox *box, const uint8_t *message, uint32_t n);
/* The oldest message, *n its length, or null. */
const uint8_t *outbox_oldest(const outbox *box, uint32_t *n);
/* Forgets it. */
void outbox_drop(outbox *box);

#endif
