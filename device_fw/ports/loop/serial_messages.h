#ifndef SERIAL_MESSAGES_H
#define SERIAL_MESSAGES_H

#include "message_link.h"
#include "tf_arq.h"

/* A line of bytes. */
typedef struct {
    void *ctx;
    /* What has arrived, 1 .. most bytes; waits for the first one, wait_ms at most; 0: none; < 0: failed. */
    int (*read)(void *ctx, uint8_t *to, uint32_t most, uint32_t wait_ms);
    /* As many bytes as find room now, 0 .. n, without waiting; < 0: failed. */
    int (*write)(void *ctx, const uint8_t *from, uint32_t n);
} byte_line;

/* Messages over a byte line by the serial link of docs/SPEC.md. A line that fails is one that brings nothing. */
typedef struct {
    const byte_line *line;
    uint32_t (*now_ms)(void);
    tf_arq arq;
    uint8_t arrived[128];
    uint32_t count, used; /* of arrived */
    uint8_t frame[TF_FRAME_BYTES];
    size_t frame_bytes, frame_sent;
} serial_messages;

/* seed: differs from those of earlier starts. line must outlive it. */
void serial_messages_init(serial_messages *s, const byte_line *line, uint32_t (*now_ms)(void), uint32_t seed);
message_link serial_messages_link(serial_messages *s);

#endif
