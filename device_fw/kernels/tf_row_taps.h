#ifndef TF_ROW_TAPS_H
#define TF_ROW_TAPS_H

#include "tf_dsp.h"

/*
 * A row of one channel correlated with a row of a filter, two products an instruction. The image row holds int16
 * values, its even positions 4-byte aligned. A filter row of K taps is kept as W = K / 2 + 1 words twice, interleaved:
 * {even[0], odd[0], even[1], odd[1], ..}. even holds the taps for windows that start at an even position: (t0, t1),
 * (t2, t3), ..; odd those for windows at the position behind: (0, t0), (t1, t2), ..; 0 stands beyond the taps.
 *
 * Callers hand over W as a constant, 1 .. 4: these functions have no loop over words, and none is left of their ifs.
 */
#define TF_ROW_WORDS_MOST 4
#define TF_ROW_INLINE static inline __attribute__((always_inline))

static inline int32_t tf_row_words(int32_t taps) { return taps / 2 + 1; }

/* Words k of taps 2k and 2k + 1. */
TF_ROW_INLINE int32_t tf_row_pack_word(int32_t before, const int8_t *first, int32_t step, uint32_t *words) {
    const int32_t even = first[0], odd = first[step];
    words[0] = tf_halves(even, odd);
    words[1] = tf_halves(before, even);
    return odd;
}

/* Packs a filter row whose tap t is first[t * step]. */
TF_ROW_INLINE void tf_row_pack(int32_t words, int32_t taps, const int8_t *first, int32_t step, uint32_t *row) {
    int32_t before = 0;
    if (words > 1) {
        before = tf_row_pack_word(before, first, step, row);
    }
    if (words > 2) {
        before = tf_row_pack_word(before, first + 2 * step, step, row + 2);
    }
    if (words > 3) {
        before = tf_row_pack_word(before, first + 4 * step, step, row + 4);
    }
    const int32_t last = taps & 1 ? first[(taps - 1) * step] : 0;
    row[2 * words - 2] = tf_halves(last, 0);
    row[2 * words - 1] = tf_halves(before, last);
}

/* Four windows meet one word pair of the taps; here: the image's word there. Returns the image's next word. */
TF_ROW_INLINE uint32_t tf_row_word(const uint32_t *taps, const int16_t *image, uint32_t here, int32_t acc[4]) {
    const uint32_t even = taps[0], odd = taps[1];
    const uint32_t next = tf_load4(image + 2);
    acc[0] = tf_smlad(even, here, acc[0]);
    acc[1] = tf_smlad(odd, here, acc[1]);
    acc[2] = tf_smlad(even, next, acc[2]);
    acc[3] = tf_smlad(odd, next, acc[3]);
    return next;
}

/*
 * acc[i] = window i of four neighbouring windows, over n rows; image: where the first window starts, an even position.
 * taps_step (words), image_step (elements, even): from row to row. Reads 2 * (words + 1) elements of each image row.
 */
TF_ROW_INLINE void tf_row_windows(int32_t words, int32_t n, const uint32_t *taps, int32_t taps_step,
                                  const int16_t *image, int32_t image_step, int32_t acc[4]) {
    acc[0] = acc[1] = acc[2] = acc[3] = 0;
    for (; n > 0; n--, taps += taps_step, image += image_step) {
        uint32_t word = tf_row_word(taps, image, tf_load4(image), acc);
        if (words > 1) {
            word = tf_row_word(taps + 2, image + 2, word, acc);
        }
        if (words > 2) {
            word = tf_row_word(taps + 4, image + 4, word, acc);
        }
        if (words > 3) {
            tf_row_word(taps + 6, image + 6, word, acc);
        }
    }
}

#endif
