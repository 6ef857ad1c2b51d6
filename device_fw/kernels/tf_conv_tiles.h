#ifndef TF_CONV_TILES_H
#define TF_CONV_TILES_H

#include "tf_kernels.h"

/* Tiles unpacked at once take about so many bytes. */
#define TF_TILES_BYTES 4096

/* Any convolution, by tiles. scratch: see tf_conv_s8. */
void tf_conv_tiles(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                   const tf_rows_out *y, tf_span rows, void *scratch);

#endif
