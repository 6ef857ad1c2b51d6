#include "outbox.h"

#include <string.h>

int outbox_put(outbox *box, const uint8_t *message, uint32_t n) {
    if (box->count == OUTBOX_MESSAGES || n > TF_MESSAGE_BYTES) {
        return TF_ERR_SPACE;
    }
    const uint32_t at = (box->first + box->count) % OUTBOX_MESSAGES;
    memcpy(box->bytes[at], message, n);
    box->length[at] = n;
    box->count++;
    return TF_OK;
}

const uint8_t *outbox_oldest(const outbox *box, uint32_t *n) {
    *n = box->length[box->first];
    return box->count > 0 ? box->bytes[box->first] : NULL;
}

void outbox_drop(outbox *box) {
    box->first = (box->first + 1) % OUTBOX_MESSAGES;
    box->count--;
}
