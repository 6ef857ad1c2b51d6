#include "device_turn.h"

#include <stddef.h>

int device_turn(tf_device *dev, outbox *said, const message_link *link, uint32_t most_ms) {
    int more = said->count < OUTBOX_MESSAGES ? tf_step(dev) : 0;
    uint32_t n;
    const uint8_t *message = outbox_oldest(said, &n);
    if (message != NULL && link->send(link->ctx, message, n) >= 0) {
        outbox_drop(said);
        more = more < 0 ? more : 1;
    }
    message = link->receive(link->ctx, &n, more != 0 ? 0 : most_ms);
    if (message != NULL) {
        /* Without a place for the answer the request is dropped: whoever asked asks again, and the link, which alone
         * makes room, goes on. */
        if (said->count < OUTBOX_MESSAGES) {
            (void)tf_device_receive(dev, message, n);
        }
        link->done(link->ctx);
    }
    return more < 0 ? more : TF_OK;
}
