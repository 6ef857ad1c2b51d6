#include "serial_messages.h"

#define BUSY_MS 2u /* until a line that was full is asked again */

/* Gives the line what is due; 1: it is full. */
static int write_frames(serial_messages *s) {
    for (;;) {
        while (s->frame_sent < s->frame_bytes) {
            const int sent =
                s->line->write(s->line->ctx, s->frame + s->frame_sent, (uint32_t)(s->frame_bytes - s->frame_sent));
            if (sent <= 0) {
                return 1;
            }
            s->frame_sent += (size_t)sent;
        }
        s->frame_sent = 0;
        s->frame_bytes = tf_arq_poll(&s->arq, s->frame, s->now_ms());
        if (s->frame_bytes == 0) {
            return 0;
        }
    }
}

/* Takes bytes up to the end of a message. */
static const uint8_t *take_bytes(serial_messages *s, size_t *n) {
    const uint8_t *message = tf_arq_message(&s->arq, n);
    while (message == NULL && s->used < s->count) {
        tf_arq_feed(&s->arq, s->arrived[s->used++], s->now_ms());
        message = tf_arq_message(&s->arq, n);
    }
    return message;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static const uint8_t *receive(void *ctx, uint32_t *n, uint32_t wait_ms) {
    serial_messages *s = ctx;
    size_t length = 0;
    const uint8_t *message = take_bytes(s, &length);
    const int full = write_frames(s);
    if (message == NULL) {
        const uint32_t most = full ? BUSY_MS : tf_arq_wait(&s->arq, s->now_ms());
        const int got = s->line->read(s->line->ctx, s->arrived, sizeof s->arrived, least(wait_ms, most));
        s->used = 0;
        s->count = got > 0 ? (uint32_t)got : 0;
        message = take_bytes(s, &length);
        (void)write_frames(s);
    }
    *n = (uint32_t)length;
    return message;
}

static void done(void *ctx) { tf_arq_take(&((serial_messages *)ctx)->arq); }

static int send(void *ctx, const uint8_t *message, uint32_t n) {
    return tf_arq_send(&((serial_messages *)ctx)->arq, message, n);
}

void serial_messages_init(serial_messages *s, const byte_line *line, uint32_t (*now_ms)(void), uint32_t seed) {
    *s = (serial_messages){.line = line, .now_ms = now_ms};
    tf_arq_init(&s->arq, TF_ARQ_DEVICE, seed, TF_ARQ_PAYLOAD_UNITS, TF_ARQ_UNITS);
}

message_link serial_messages_link(serial_messages *s) {
    return (message_link){.ctx = s, .receive = receive, .done = done, .send = send};
}
