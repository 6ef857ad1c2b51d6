#ifndef TF_DEPTHWISE_DSP_H
#define TF_DEPTHWISE_DSP_H

#include "tf_depthwise_line.h"
#include "tf_rows.h"
#include "tf_span.h"

/* Input rows taken apart at once take about so many bytes. */
#define TF_PLANES_BYTES 4096

/* Output rows first .. end - 1 of four channels, whose input rows stand in planes and whose taps in taps. */
typedef struct {
    const tf_window *win;
    const tf_requant *rq;
    const uint32_t *taps, *planes;
    int32_t row_words;
    tf_span rows;
} tf_planes_block;

/* Clamps one row of one channel. */
static inline void tf_clamp_row(const tf_requant *rq, int32_t n, int32_t step, int8_t *y) {
    for (int32_t i = 0; i < n; i++, y += step) {
        *y = *y < rq->lo ? rq->lo : *y > rq->hi ? rq->hi : *y;
    }
}

/* Channel c, the one numbered `plane` of the four. */
static inline void tf_depthwise_channel(const tf_planes_block *block, const int32_t *bias, int32_t plane, int32_t c,
                                        const tf_rows_out *y) {
    const tf_window *win = block->win;
    const int32_t k = win->kernel_w, stride = win->stride_w, row_words = block->row_words;
    const int32_t tap_words = tf_taps_words(k, stride);
    const int32_t whole = win->out_w / 4, rest = win->out_w % 4;
    tf_depthwise_line line;
    line.outputs.scale = tf_scale_of(block->rq, c);
    line.row_bytes = 4 * row_words;
    for (int32_t i = 0; i < 4; i++) {
        line.bias[i] = bias[c];
    }
    for (int32_t oy = block->rows.first; oy < block->rows.end; oy++) {
        const tf_span met = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
        const int32_t first = (oy - block->rows.first) * win->stride_h + met.first;
        const uint32_t *const x = block->planes + first * row_words + 2 * plane;
        const uint32_t *const part = x + 8 * stride * whole;
        int8_t *const row = tf_row_out(y, oy) + c;
        line.next = 32 * stride - (met.end - met.first) * line.row_bytes;
        line.taps = block->taps + (plane * win->kernel_h + met.first) * tap_words;
        line.taps_end = line.taps + (met.end - met.first) * tap_words;
        if (whole > 0) {
            tf_outputs_init(&line.outputs, win->in_c, part, row);
            tf_depthwise_line_run(k, stride, &line, x);
        }
        if (rest > 0) {
            int8_t outputs[4];
            tf_outputs_init(&line.outputs, 1, part + 8 * stride, outputs);
            tf_depthwise_line_run(k, stride, &line, part);
            for (int32_t i = 0; i < rest; i++) {
                row[(4 * whole + i) * win->in_c] = outputs[i];
            }
        }
        if (!tf_clamps_only_int8(block->rq)) {
            tf_clamp_row(block->rq, win->out_w, win->in_c, row);
        }
    }
}

/* Whether tf_depthwise_planes can serve. */
static inline int tf_depthwise_planes_fit(const tf_window *win, const tf_requant *rq) {
    const int32_t k = win->kernel_w;
    int fit = win->in_c >= TF_PLANES && win->stride_w <= 2 && (k == 3 || k == 5 || k == 7);
    for (int32_t c = 0; fit && c < win->in_c; c++) {
        fit = tf_scale_fits(rq->s[c]);
    }
    return fit;
}

static inline void tf_depthwise_planes(const tf_window *win, const tf_requant *rq, const tf_weights *wt,
                                       const tf_rows *x, const tf_rows_out *y, tf_span rows, void *scratch) {
    const int8_t *weights = wt->trained != 0 ? wt->trained : wt->frozen;
    const int32_t channels = win->in_c, kernel_h = win->kernel_h, k = win->kernel_w, stride = win->stride_w;
    const int32_t tap_words = tf_taps_words(k, stride);
    const int32_t row_words = tf_planes_words(((win->out_w + 3) / 4 * 4 - 1) * stride + k);
    const int32_t fit = (TF_PLANES_BYTES / (4 * row_words) - kernel_h) / win->stride_h + 1;
    const int32_t step = fit < 1 ? 1 : fit;
    uint32_t *const taps = (uint32_t *)scratch, *const planes = taps + TF_PLANES * kernel_h * tap_words;
    for (int32_t c = 0; c < channels; c += TF_PLANES) {
        /* The last four channels may overlap with those before: these are computed again. */
        const int32_t first_c = c + TF_PLANES <= channels ? c : channels - TF_PLANES;
        for (int32_t ky = 0; ky < kernel_h; ky++) {
            tf_planes_taps(weights + ky * k * channels + first_c, channels, k, stride, kernel_h * tap_words,
                           taps + ky * tap_words);
        }
        for (int32_t first = rows.first; first < rows.end; first += step) {
            const int32_t end = rows.end - first < step ? rows.end : first + step;
            const int32_t top = first * win->stride_h - win->pad_top;
            const int32_t bottom = (end - 1) * win->stride_h - win->pad_top + kernel_h;
            for (int32_t iy = top < 0 ? 0 : top; iy < bottom && iy < win->in_h; iy++) {
                tf_planes_row(tf_row(x, iy) + first_c, channels, win->in_w, win->pad_left, win->in_zero_point,
                              row_words, planes + (iy - top) * row_words);
            }
            const tf_planes_block block = {win, rq, taps, planes, row_words, {first, end}};
            for (int32_t i = 0; i < TF_PLANES; i++) {
                tf_depthwise_channel(&block, wt->bias, i, first_c + i, y);
            }
        }
    }
}

#endif
