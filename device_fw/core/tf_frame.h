#ifndef TF_FRAME_H
#define TF_FRAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * Frames on a byte line (docs/SPEC.md, "Serial link"): body, CRC-32, both COBS encoded, then a zero byte.
 */
#define TF_FRAME_BODY_BYTES 203u /* the longest body: a DATA frame with 192 bytes of payload */
#define TF_FRAME_BYTES 209u      /* the same on the line */

/* CRC-32 with the polynomial of zlib and of the ESP32's ROM; crc of the bytes before, 0 to begin. */
uint32_t tf_crc32(uint32_t crc, const uint8_t *bytes, size_t n);

/*
 * Encodes in place of a copy: frame[1 .. n] holds the body (n = 1 .. TF_FRAME_BODY_BYTES), frame is TF_FRAME_BYTES
 * long. Returns the bytes of the finished frame, delimiter included.
 */
size_t tf_frame_encode(uint8_t *frame, size_t n);

/* What has arrived since the last delimiter. All zero is a fresh decoder. */
typedef struct {
    uint8_t bytes[TF_FRAME_BYTES];
    uint16_t count;
    uint8_t overlong;
    uint32_t bad_frames; /* dropped: too long, not COBS, or wrong CRC */
} tf_frame_decoder;

/* Takes one byte. Returns the length of the intact body now in decoder->bytes, valid until the next call, or 0. */
size_t tf_frame_take(tf_frame_decoder *decoder, uint8_t byte);

#endif
