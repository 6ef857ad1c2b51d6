#ifndef TF_SPAN_H
#define TF_SPAN_H

#include "tf_kernels.h"

/* Which taps, windows and pixels meet, along one axis of a tf_window. Empty spans have first >= end. */

/* Taps of the window of output `out` that are inside the image. */
static inline tf_span tf_taps_inside(int32_t out, int32_t stride, int32_t pad, int32_t kernel, int32_t in_size) {
    const int32_t corner = out * stride - pad;
    const tf_span taps = {corner < 0 ? -corner : 0, in_size - corner < kernel ? in_size - corner : kernel};
    return taps;
}

/* Outputs whose window holds input `in`; its tap there is in + pad - output * stride. */
static inline tf_span tf_windows_holding(int32_t in, int32_t stride, int32_t pad, int32_t kernel, int32_t out_size) {
    const int32_t last = (in + pad) / stride;
    const int32_t before = in + pad - kernel; /* a window that starts here or earlier ends before `in` */
    const tf_span windows = {before < 0 ? 0 : before / stride + 1, last < out_size ? last + 1 : out_size};
    return windows;
}

/* Outputs whose tap `tap` is inside the image. */
static inline tf_span tf_windows_inside(int32_t tap, int32_t stride, int32_t pad, int32_t in_size, int32_t out_size) {
    const int32_t missing = pad - tap; /* pixels by which the first window's tap misses the image */
    const int32_t reach = in_size - 1 + missing;
    const int32_t end = reach < 0 ? 0 : reach / stride + 1;
    const tf_span windows = {missing <= 0 ? 0 : (missing + stride - 1) / stride, end < out_size ? end : out_size};
    return windows;
}

#endif
