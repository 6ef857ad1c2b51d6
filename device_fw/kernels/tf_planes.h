#ifndef TF_PLANES_H
#define TF_PLANES_H

#include "tf_dsp.h"

/*
 * Planes: four neighbouring channels of a row of pixels taken apart, so that words of two neighbouring pixels of one
 * channel feed SMLAD: [pixels / 4][channel 0..3][pixels 4g and 4g + 1, 4g + 2 and 4g + 3].
 */
#define TF_PLANES 4

/* Words of a row of n pixels. */
static inline int32_t tf_planes_words(int32_t pixels) { return 8 * ((pixels + 3) / 4); }

/* The low half of a under the low half of b; the high halves likewise. */
static inline uint32_t tf_pack_low(uint32_t a, uint32_t b) {
#ifdef __ARM_FEATURE_DSP
    uint32_t out;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(out) : "r"(a), "r"(b));
    return out;
#else
    return (a & 0xffffu) | b << 16;
#endif
}

static inline uint32_t tf_pack_high(uint32_t a, uint32_t b) {
#ifdef __ARM_FEATURE_DSP
    uint32_t out;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(out) : "r"(b), "r"(a));
    return out;
#else
    return a >> 16 | (b & 0xffff0000u);
#endif
}

/* Four channels of one pixel as int16: 0 and 2, 1 and 3. */
typedef struct {
    uint32_t even, odd;
} tf_pixel;

static inline tf_pixel tf_pixel_of(const int8_t *channels, uint32_t add) {
    const uint32_t word = tf_load4(channels);
    const tf_pixel pixel = {tf_sxtab16(add, word), tf_sxtab16_ror8(add, word)};
    return pixel;
}

/* Two pixels, channel by channel; `step` words from one channel to the next. */
static inline void tf_store_pair(tf_pixel a, tf_pixel b, uint32_t *to, int32_t step) {
    to[0] = tf_pack_low(a.even, b.even);
    to[step] = tf_pack_low(a.odd, b.odd);
    to[2 * step] = tf_pack_high(a.even, b.even);
    to[3 * step] = tf_pack_high(a.odd, b.odd);
}

/* Pixel q of the planes of one channel. */
static inline int32_t tf_planes_value(const uint32_t *channel, int32_t q) {
    const uint32_t word = channel[q / 4 * 8 + q % 4 / 2];
    return q % 2 == 0 ? tf_low(word) : tf_high(word);
}

/*
 * Four channels of a row of `width` pixels, less the zero point, after `pad` pixels of 0; then 0 up to `words`.
 * row: the first of the four channels; step: elements from pixel to pixel.
 */
void tf_planes_row(const int8_t *row, int32_t step, int32_t width, int32_t pad, int32_t zero_point, int32_t words,
                   uint32_t *to);

/*
 * Four channels of a filter of `rows` rows of k taps, k odd and `step` elements from tap to tap: [channel][row][k - 1]
 * words of two neighbouring taps, (0, 1), (1, 2) .. (k - 2, k - 1).
 */
void tf_planes_taps(const int8_t *w, int32_t step, int32_t k, int32_t rows, uint32_t *to);

#endif
