#ifndef TF_ROW_TAPS_H
#define TF_ROW_TAPS_H

#include "tf_planes.h"

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
    for (; taps >= 2; taps -= 2, first += 2 * step, row += 2) {
        const int32_t even = first[0], odd = first[step];
        row[0] = tf_pack_low((uint32_t)even, (uint32_t)odd);
        row[1] = tf_pack_low((uint32_t)before, (uint32_t)even);
        before = odd;
    }
    const int32_t last = taps == 1 ? first[0] : 0;
    row[0] = tf_halves(last, 0);
    row[1] = tf_halves(before, last);
}

#endif
