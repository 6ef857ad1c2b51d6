#ifndef TF_ROW_TAPS_H
#define TF_ROW_TAPS_H

#include "tf_dsp.h"

/*
 * A row of one channel correlated with a row of a filter, two products an instruction. The image row holds int16
 * values, its even positions 4-byte aligned. A filter row of K taps is kept as W = K / 2 + 1 words twice, interleaved:
 * {even[0], odd[0], even[1], odd[1], ..}. even holds the taps for windows that start at an even position: (t0, t1),
 * (t2, t3), ..; odd those for windows at the position behind: (0, t0), (t1, t2), ..; 0 stands beyond the taps.
 */
#define TF_ROW_WORDS_MOST 4

static inline int32_t tf_row_words(int32_t taps) { return taps / 2 + 1; }

/* Packs a filter row whose tap t is first[t * step]. */
static inline void tf_row_pack(int32_t taps, const int8_t *first, int32_t step, uint32_t *row) {
    int32_t before = 0;
    for (int32_t t = 0; t <= taps; t += 2, first += 2 * step, row += 2) {
        const int32_t even = t < taps ? first[0] : 0;
        const int32_t odd = t + 1 < taps ? first[step] : 0;
        row[0] = tf_halves(even, odd);
        row[1] = tf_halves(before, even);
        before = odd;
    }
}

/*
 * acc[i] += window i of four neighbouring windows, over n rows; image: where the first window starts, an even position.
 * taps_step (words), image_step (elements, even): from row to row. Reads 2 * (words + 1) elements of each image row.
 */
static inline void tf_row_windows(int32_t words, int32_t n, const uint32_t *taps, int32_t taps_step,
                                  const int16_t *image, int32_t image_step, int32_t acc[4]) {
    int32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3];
    for (; n > 0; n--, taps += taps_step, image += image_step) {
        uint32_t here = tf_load4(image);
        for (int32_t k = 0; k < words; k++) {
            const uint32_t next = tf_load4(image + 2 * k + 2);
            a0 = tf_smlad(taps[2 * k], here, a0);
            a1 = tf_smlad(taps[2 * k + 1], here, a1);
            a2 = tf_smlad(taps[2 * k], next, a2);
            a3 = tf_smlad(taps[2 * k + 1], next, a3);
            here = next;
        }
    }
    acc[0] = a0;
    acc[1] = a1;
    acc[2] = a2;
    acc[3] = a3;
}

#endif
