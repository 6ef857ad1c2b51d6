#ifndef TF_DEPTHWISE_DSP_H
#define TF_DEPTHWISE_DSP_H

#include "tf_planes.h"
#include "tf_rows.h"
#include "tf_scale.h"
#include "tf_span.h"

/* Input rows taken apart at once take about so many bytes. */
#define TF_PLANES_BYTES 4096

/*
 * acc[i] += sum over t < k of w[t] x[stride i + t], i = 0 .. 3; k and stride are constants: 3, 5 or 7 and 1 or 2.
 * x: one channel of planes, the first of four pixels; w: words (0, 1), (1, 2), .. (k - 2, k - 1) of taps.
 */
static inline void tf_depthwise_taps(int32_t k, int32_t stride, const uint32_t *x, const uint32_t *w, int32_t acc[4]) {
    const uint32_t last = w[k - 2];
    if (stride == 1) {
        const uint32_t even0 = w[0], odd0 = w[1];
        const uint32_t even1 = k > 3 ? w[2] : 0, odd1 = k > 3 ? w[3] : 0;
        const uint32_t even2 = k > 5 ? w[4] : 0, odd2 = k > 5 ? w[5] : 0;
        const uint32_t x01 = x[0], x23 = x[1], x45 = x[8];
        acc[0] = tf_smlad(even0, x01, acc[0]);
        acc[1] = tf_smlabt(even0, x01, acc[1]);
        acc[0] = k > 3 ? tf_smlad(even1, x23, acc[0]) : tf_smlatb(last, x23, acc[0]);
        acc[1] = tf_smlad(odd0, x23, acc[1]);
        acc[2] = tf_smlad(even0, x23, acc[2]);
        acc[3] = tf_smlabt(even0, x23, acc[3]);
        acc[2] = k > 3 ? tf_smlad(even1, x45, acc[2]) : tf_smlatb(last, x45, acc[2]);
        acc[3] = tf_smlad(odd0, x45, acc[3]);
        if (k > 3) {
            const uint32_t x67 = x[9];
            acc[0] = k > 5 ? tf_smlad(even2, x45, acc[0]) : tf_smlatb(last, x45, acc[0]);
            acc[1] = tf_smlad(odd1, x45, acc[1]);
            acc[2] = k > 5 ? tf_smlad(even2, x67, acc[2]) : tf_smlatb(last, x67, acc[2]);
            acc[3] = tf_smlad(odd1, x67, acc[3]);
            if (k > 5) {
                const uint32_t x89 = x[16];
                acc[0] = tf_smlatb(last, x67, acc[0]);
                acc[1] = tf_smlad(odd2, x67, acc[1]);
                acc[2] = tf_smlatb(last, x89, acc[2]);
                acc[3] = tf_smlad(odd2, x89, acc[3]);
            }
        }
    } else {
        const uint32_t *const even = w;
        const uint32_t words[7] = {x[0], x[1], x[8], x[9], x[16], k > 3 ? x[17] : 0, k > 5 ? x[24] : 0};
        for (int32_t i = 0; i < 4; i++) {
            acc[i] = tf_smlad(even[0], words[i], acc[i]);
            acc[i] = k > 3 ? tf_smlad(even[2], words[i + 1], acc[i]) : tf_smlatb(last, words[i + 1], acc[i]);
            if (k > 3) {
                acc[i] = k > 5 ? tf_smlad(even[4], words[i + 2], acc[i]) : tf_smlatb(last, words[i + 2], acc[i]);
            }
            if (k > 5) {
                acc[i] = tf_smlatb(last, words[i + 3], acc[i]);
            }
        }
    }
}

/* One output row of one channel. x: its first input row's planes; row_words: from one to the next; y: pixel 0. */
static inline void tf_depthwise_channel(int32_t k, int32_t stride, int32_t rows, int32_t row_words, const uint32_t *x,
                                        const uint32_t *w, int32_t bias, const tf_requant *rq, int32_t c, int32_t out_w,
                                        int32_t step, int8_t *y) {
    const int quick = tf_clamps_only_int8(rq) && tf_scale_fits(rq->s[c]);
    const tf_scale scale = tf_scale_of(rq, c);
    for (int32_t ox = 0; ox < out_w; ox += 4, x += 8 * stride, y += 4 * step) {
        int32_t acc[4] = {bias, bias, bias, bias};
        const uint32_t *values = x, *taps = w;
        for (int32_t r = 0; r < rows; r++, values += row_words, taps += k - 1) {
            tf_depthwise_taps(k, stride, values, taps, acc);
        }
        if (quick && ox + 4 <= out_w) {
            y[0] = (int8_t)tf_scaled(acc[0], &scale);
            y[step] = (int8_t)tf_scaled(acc[1], &scale);
            y[2 * step] = (int8_t)tf_scaled(acc[2], &scale);
            y[3 * step] = (int8_t)tf_scaled(acc[3], &scale);
        } else {
            for (int32_t p = 0; p < 4 && ox + p < out_w; p++) {
                y[p * step] = tf_rescaled(acc[p], rq, c);
            }
        }
    }
}

/* Output rows whose input rows fit in scratch together. */
static inline int32_t tf_depthwise_rows(const tf_window *win, int32_t row_words) {
    const int32_t fit = (TF_PLANES_BYTES / (4 * row_words) - win->kernel_h) / win->stride_h + 1;
    return fit < 1 ? 1 : fit;
}

/* k = kernel_w and stride = stride_w are constants. in_c >= 4. */
static inline void tf_depthwise_planes(int32_t k, int32_t stride, const tf_window *win, const tf_requant *rq,
                                       const tf_weights *wt, const tf_rows *x, const tf_rows_out *y, tf_span rows,
                                       uint32_t *scratch) {
    const int8_t *weights = wt->trained != 0 ? wt->trained : wt->frozen;
    const int32_t channels = win->in_c, kernel_h = win->kernel_h;
    const int32_t row_words = tf_planes_words(((win->out_w + 3) / 4 * 4 - 1) * stride + k);
    const int32_t block = tf_depthwise_rows(win, row_words);
    uint32_t *const taps = scratch, *const planes = scratch + TF_PLANES * kernel_h * (k - 1);
    for (int32_t c = 0; c < channels; c += TF_PLANES) {
        /* The last four channels may overlap with those before: they are computed again. */
        const int32_t first_c = c + TF_PLANES <= channels ? c : channels - TF_PLANES;
        for (int32_t ky = 0; ky < kernel_h; ky++) {
            tf_planes_taps(weights + ky * k * channels + first_c, channels, k, kernel_h * (k - 1), taps + ky * (k - 1));
        }
        for (int32_t first = rows.first; first < rows.end; first += block) {
            const int32_t end = rows.end - first < block ? rows.end : first + block;
            const int32_t top = first * win->stride_h - win->pad_top;
            const int32_t bottom = (end - 1) * win->stride_h - win->pad_top + kernel_h;
            for (int32_t iy = top < 0 ? 0 : top; iy < bottom && iy < win->in_h; iy++) {
                tf_planes_row(tf_row(x, iy) + first_c, channels, win->in_w, win->pad_left, win->in_zero_point,
                              row_words, planes + (iy - top) * row_words);
            }
            for (int32_t oy = first; oy < end; oy++) {
                const tf_span inside = tf_taps_inside(oy, win->stride_h, win->pad_top, kernel_h, win->in_h);
                const uint32_t *values = planes + ((oy - first) * win->stride_h + inside.first) * row_words;
                for (int32_t i = 0; i < TF_PLANES; i++) {
                    tf_depthwise_channel(k, stride, inside.end - inside.first, row_words, values + 2 * i,
                                         taps + (i * kernel_h + inside.first) * (k - 1), wt->bias[first_c + i], rq,
                                         first_c + i, win->out_w, channels, tf_row_out(y, oy) + first_c + i);
                }
            }
        }
    }
}

#endif
