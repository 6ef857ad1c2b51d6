#ifndef TF_ROW_GRADS_H
#define TF_ROW_GRADS_H

#include "tf_grads.h"
#include "tf_row_taps.h"

/* How a row of pixels is computed, the same in every channel. Offsets are in bytes. */
typedef struct {
    int32_t span;   /* of the rows of the plane that its windows meet, at least one, */
    int32_t taps;   /* of the filter row that meets the first; the following meet the following */
    int32_t plane;  /* of the first window, a multiple of 4 */
    int32_t grad_x; /* of the first pixel, in elements */
} tf_grad_row;

/* Rows of pixels of one channel, whose windows start at neighbouring positions. The assembly loads this in this order.
 */
typedef struct {
    tf_grads to; /* step leads from pixel to pixel; grad_x is the assembly's */
    const tf_grad_row *rows, *end;
    const uint32_t *taps; /* filter rows (tf_row_taps.h) */
    const int16_t *plane;
    int32_t plane_step; /* bytes from row to row */
    int32_t width;      /* of a row of pixels in the plane, bytes: a multiple of 8 */
    tf_grad *grad_x;    /* of the channel */
} tf_row_grads;

/* words: of a filter row, 1 .. TF_ROW_WORDS_MOST. */
void tf_row_grads_run(int32_t words, tf_row_grads *grads);

/* Sums of the four windows at `position` (bytes, a multiple of 4) of a row. */
void tf_row_sums(int32_t words, const tf_row_grads *grads, const tf_grad_row *row, int32_t position, int32_t acc[4]);

#endif
