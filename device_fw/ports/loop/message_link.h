#ifndef MESSAGE_LINK_H
#define MESSAGE_LINK_H

#include <stdint.h>

/* How whole messages of 1 to TF_MESSAGE_BYTES bytes travel. Called from one thread. */
typedef struct {
    void *ctx;
    /*
     * The message that has arrived and its length, or null after waiting for one, wait_ms at most. It stays valid, and
     * no other comes, until done. The link's own work is done in here: call it again and again.
     */
    const uint8_t *(*receive)(void *ctx, uint32_t *n, uint32_t wait_ms);
    void (*done)(void *ctx);
    /* Copies a message. TF_ERR_SPACE: offer it again later. */
    int (*send)(void *ctx, const uint8_t *message, uint32_t n);
} message_link;

#endif
