#ifndef TF_ARQ_H
#define TF_ARQ_H

#include "tf_arq_out.h"
#include "tf_frame.h"
#include "tf_status.h"

/*
 * Reliable messages of up to 1024 bytes over a line that loses, alters, repeats and reorders bytes (docs/SPEC.md,
 * "Serial link"): each arrives once, unaltered and in order, or one end was reset meanwhile. Knows neither the port
 * nor the clock: the caller brings bytes and milliseconds (which may wrap) and owns the struct. Not thread-safe.
 *
 *     tf_arq_init(&arq, TF_ARQ_DEVICE, seed, TF_ARQ_PAYLOAD_UNITS, TF_ARQ_UNITS);
 *     for (;;) {
 *         while (the line has a byte) tf_arq_feed(&arq, byte, now);
 *         if ((message = tf_arq_message(&arq, &n)) != 0) { use it; tf_arq_take(&arq); }
 *         if (the frame before has left && (n = tf_arq_poll(&arq, frame, now)) != 0) write frame[0 .. n-1];
 *         sleep until the line has a byte, at most tf_arq_wait(&arq, now) ms;
 *     }
 */
#define TF_ARQ_DEVICE 0u
#define TF_ARQ_GATEWAY 1u /* the end that opens sessions */

typedef struct {
    tf_frame_decoder decoder;
    tf_arq_out out;
    uint8_t in[TF_ARQ_MESSAGE_BYTES];
    uint32_t in_have;   /* units that have arrived */
    uint16_t in_length; /* of the message arriving */
    uint16_t in_number;
    uint8_t in_complete;            /* waits for tf_arq_take; its acknowledgement too */
    uint8_t role, established, due; /* due: replies to send, bits of tf_arq.c */
    uint8_t payload_units, window_units;
    uint8_t ack_poll;
    uint16_t ack_number;
    uint32_t ack_have, reset_tag;
    uint32_t seed, identities;
    uint32_t session, device, boot, tag; /* tag = session + device */
    uint32_t knock_at, knock_interval;   /* ms */
    uint32_t sessions;                   /* established so far */
} tf_arq;

/*
 * Starts anew. seed must differ from that of earlier starts: random bits or a boot counter. payload_units (1 .. 6) and
 * window_units (1 .. 32) are the most this end takes in one frame and at once without reading, in units of 32 bytes.
 */
void tf_arq_init(tf_arq *arq, uint8_t role, uint32_t seed, uint8_t payload_units, uint8_t window_units);

/* Takes one byte from the line. */
void tf_arq_feed(tf_arq *arq, uint8_t byte, uint32_t now_ms);

/* The message that has arrived, valid until tf_arq_take or tf_arq_feed, or null. */
const uint8_t *tf_arq_message(const tf_arq *arq, size_t *n);
/* Done with it: it is acknowledged and the next may come. */
void tf_arq_take(tf_arq *arq);

/* Copies one message to deliver. TF_ERR_SPACE: the one before is still under way. TF_ERR_ARGUMENT: n not 1 .. 1024. */
int tf_arq_send(tf_arq *arq, const uint8_t *message, size_t n);

/* Writes the next frame for the line into frame[TF_FRAME_BYTES]; returns its length, 0: nothing to send now. */
size_t tf_arq_poll(tf_arq *arq, uint8_t *frame, uint32_t now_ms);
/* Milliseconds until tf_arq_poll has something again unless bytes arrive; UINT32_MAX: never. */
uint32_t tf_arq_wait(const tf_arq *arq, uint32_t now_ms);

#endif
