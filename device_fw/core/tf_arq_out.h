#ifndef TF_ARQ_OUT_H
#define TF_ARQ_OUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * One direction of the serial link, sending side: one message at a time, in bursts, repeating only what is missing.
 * tf_arq.h is what a program uses. Units are pieces of 32 bytes; bit i of a mask is unit i of the message.
 */
#define TF_ARQ_MESSAGE_BYTES 1024u
#define TF_ARQ_UNIT_BYTES 32u
#define TF_ARQ_UNITS 32u        /* in a message, and in the largest window */
#define TF_ARQ_PAYLOAD_UNITS 6u /* in the largest frame */
#define TF_ARQ_POLLS 4u         /* requests for an acknowledgement whose moment is remembered, and one */

typedef struct {
    uint8_t message[TF_ARQ_MESSAGE_BYTES];
    uint16_t length;                            /* of the message under way; 0: none */
    uint16_t number;                            /* of that message in this session */
    uint32_t missing, burst, unjudged, touched; /* units: not acknowledged, to send now, to judge, ever sent */
    uint8_t poll, burst_units, window_units, payload_units;
    uint32_t polled_at[TF_ARQ_POLLS], deadline; /* ms */
    uint32_t peak;                              /* longest recent round trip, ms; 0: not measured yet */
    uint8_t backoff;                            /* doublings of the timeout */
    uint32_t lost16, sent_bytes;                /* frames lost times 16, bytes of frames judged */
    uint32_t repeated_frames;                   /* since tf_arq_init */
} tf_arq_out;

/* A piece of the message to put into a frame. */
typedef struct {
    uint8_t first, poll; /* unit it begins with; 0 or the number an acknowledgement echoes */
    uint16_t bytes;
} tf_arq_piece;

/* Starts a session; a loaded message stays. */
void tf_arq_out_begin(tf_arq_out *out, uint8_t payload_units, uint8_t window_units);
/* Makes out->message[0 .. length-1] the message under way; length = 1 .. TF_ARQ_MESSAGE_BYTES. */
void tf_arq_out_load(tf_arq_out *out, uint16_t length);
/* Milliseconds until tf_arq_out_next has something; UINT32_MAX: only an acknowledgement can help. */
uint32_t tf_arq_out_wait(const tf_arq_out *out, uint32_t now_ms);
/* 1 and the next piece to send, or 0. */
int tf_arq_out_next(tf_arq_out *out, uint32_t now_ms, tf_arq_piece *piece);
/* Learns that the units of `have` of message `number` have arrived. */
void tf_arq_out_ack(tf_arq_out *out, uint16_t number, uint8_t poll, uint32_t have, uint32_t now_ms);
/* Units of a message of `bytes` bytes as a mask. */
uint32_t tf_arq_units(uint32_t bytes);

#endif
