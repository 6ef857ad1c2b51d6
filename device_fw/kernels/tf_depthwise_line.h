#ifndef TF_DEPTHWISE_LINE_H
#define TF_DEPTHWISE_LINE_H

#include "tf_four_outputs.h"
#include "tf_planes.h"

/*
 * Four or more neighbouring outputs of one channel, on planes (tf_planes.h). The assembly loads this in this order:
 * first from bias on, then what lies before it.
 */
typedef struct {
    tf_outputs outputs; /* end: where x stands after the last four outputs */
    int32_t next;       /* bytes from behind the last input row to the next four outputs' first one */
    int32_t bias[4];
    const uint32_t *taps, *taps_end; /* of the input rows met: k - 1 words each */
    int32_t row_bytes;               /* of the planes of one input row */
} tf_depthwise_line;

/* x: planes of the first input row met. Advances outputs.y. */
typedef void (*tf_depthwise_run)(tf_depthwise_line *line, const uint32_t *x);

/* k: 3, 5 or 7; stride: 1 or 2. */
tf_depthwise_run tf_depthwise_run_of(int32_t k, int32_t stride);

#endif
