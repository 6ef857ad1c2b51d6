#include "tf_frame.h"

#define CRC_BYTES 4u

uint32_t tf_crc32(uint32_t crc, const uint8_t *bytes, size_t n) {
    static const uint32_t nibble[16] = {
        0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
        0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
    };
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = nibble[crc & 15u] ^ (crc >> 4);
        crc = nibble[crc & 15u] ^ (crc >> 4);
    }
    return ~crc;
}

size_t tf_frame_encode(uint8_t *frame, size_t n) {
    uint32_t crc = tf_crc32(0, frame + 1, n);
    size_t code = 0; /* where the distance to the next zero belongs */
    for (size_t i = 0; i < CRC_BYTES; i++) {
        frame[1 + n + i] = (uint8_t)(crc >> (8u * i));
    }
    size_t end = 1 + n + CRC_BYTES;
    for (size_t i = 1; i < end; i++) {
        if (frame[i] == 0) {
            frame[code] = (uint8_t)(i - code);
            code = i;
        }
    }
    frame[code] = (uint8_t)(end - code);
    frame[end] = 0;
    return end + 1;
}

/* Undoes COBS in place; returns the decoded length or 0. A code of 255 carries no zero after it. */
static size_t unstuff(uint8_t *bytes, size_t n) {
    size_t in = 0, out = 0;
    while (in < n) {
        uint8_t code = bytes[in++];
        if (in + code - 1u > n) {
            return 0;
        }
        for (uint8_t i = 1; i < code; i++) {
            bytes[out++] = bytes[in++];
        }
        if (code < 255u && in < n) {
            bytes[out++] = 0;
        }
    }
    return out;
}

size_t tf_frame_take(tf_frame_decoder *decoder, uint8_t byte) {
    if (byte != 0) {
        if (decoder->count + 1u >= TF_FRAME_BYTES) {
            decoder->overlong = 1;
        } else {
            decoder->bytes[decoder->count++] = byte;
        }
        return 0;
    }
    if (decoder->count == 0 && !decoder->overlong) {
        return 0;
    }
    size_t n = decoder->overlong ? 0 : unstuff(decoder->bytes, decoder->count);
    decoder->count = 0;
    decoder->overlong = 0;
    if (n > CRC_BYTES) {
        const uint8_t *crc = decoder->bytes + n - CRC_BYTES;
        uint32_t sent = crc[0] | (uint32_t)crc[1] << 8 | (uint32_t)crc[2] << 16 | (uint32_t)crc[3] << 24;
        if (tf_crc32(0, decoder->bytes, n - CRC_BYTES) == sent) {
            return n - CRC_BYTES;
        }
    }
    decoder->bad_frames++;
    return 0;
}
