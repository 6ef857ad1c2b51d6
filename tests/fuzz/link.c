/*
 * An end of the serial link that hears frames nobody meant to send. The first byte chooses the role and the limits;
 * then come pieces: a byte of what to do, and for a frame its length and body, whose checksum the target makes right.
 */
#include <string.h>

#include "fuzz.h"
#include "tf_arq.h"

enum { DO_FRAME = 0, DO_NOISE = 1, DO_POLL = 2, DO_SEND = 3, DO_TAKE = 4, DO_WAIT = 5, ACTIONS = 6 };

static void feed(tf_arq *arq, const uint8_t *bytes, size_t n, uint32_t now) {
    for (size_t i = 0; i < n; i++) {
        tf_arq_feed(arq, bytes[i], now);
    }
}

/* As on the line; `tagged`: in the session that there is, which a guess would never find. */
static void hear(tf_arq *arq, const uint8_t *body, size_t n, int tagged, uint32_t now) {
    uint8_t frame[TF_FRAME_BYTES];
    n = n < TF_FRAME_BODY_BYTES ? n : TF_FRAME_BODY_BYTES;
    if (n == 0) {
        return;
    }
    memcpy(frame + 1, body, n);
    for (size_t i = 0; tagged && i < 4 && i + 1 < n; i++) {
        frame[2 + i] = (uint8_t)(arq->tag >> 8 * i);
    }
    feed(arq, frame, tf_frame_encode(frame, n), now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    tf_arq arq;
    uint8_t frame[TF_FRAME_BYTES];
    uint32_t now = 0;
    const uint8_t first = fuzz_byte(&in);
    tf_arq_init(&arq, first & 1u, first, (uint8_t)(1 + first % TF_ARQ_PAYLOAD_UNITS), TF_ARQ_UNITS);
    while (in.left > 0) {
        const uint8_t action = fuzz_byte(&in);
        size_t n = fuzz_byte(&in);
        now += n;
        if (action % ACTIONS == DO_FRAME) {
            const uint8_t *body = fuzz_bytes(&in, &n);
            hear(&arq, body, n, action >= 128, now);
        } else if (action % ACTIONS == DO_NOISE) {
            const uint8_t *noise = fuzz_bytes(&in, &n);
            feed(&arq, noise, n, now);
        } else if (action % ACTIONS == DO_POLL) {
            MUST(tf_arq_poll(&arq, frame, now) <= sizeof frame);
        } else if (action % ACTIONS == DO_SEND) {
            n = 4 * n < in.left ? 4 * n : in.left;
            (void)tf_arq_send(&arq, fuzz_bytes(&in, &n), n);
        } else if (action % ACTIONS == DO_TAKE) {
            size_t length;
            const uint8_t *message = tf_arq_message(&arq, &length);
            MUST(message == NULL || (length >= 1 && length <= TF_ARQ_MESSAGE_BYTES));
            tf_arq_take(&arq);
        } else {
            now += 16u * (tf_arq_wait(&arq, now) != 0) * (uint32_t)n;
        }
    }
    return 0;
}
