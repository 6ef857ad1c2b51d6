#ifndef TF_DEPTHWISE_DSP_H
#define TF_DEPTHWISE_DSP_H

#include "tf_depthwise_line.h"
#include "tf_rows.h"
#include "tf_span.h"

/* Input rows taken apart at once take about so many bytes. */
#define TF_PLANES_BYTES 4096

/* Clamps one row of one channel. */
static inline void tf_clamp_row(const tf_requant *rq, int32_t n, int32_t step, int8_t *y) {
    for (int32_t i = 0; i < n; i++, y += step) {
        *y = *y < rq->lo ? rq->lo : *y > rq->hi ? rq->hi : *y;
    }
}

/* One output row of four channels from c on. x: planes of the first input row met, of `rows`; taps: those it meets. */
static inline void tf_depthwise_row(const tf_window *win, const tf_requant *rq, const int32_t *bias, int32_t rows,
                                    int32_t row_words, const uint32_t *x, const uint32_t *taps, int32_t c, int8_t *y) {
    const int32_t k = win->kernel_w, stride = win->stride_w, step = win->in_c, out_w = win->out_w;
    const int32_t tap_words = tf_taps_words(k, stride), whole = out_w / 4 * 4;
    tf_depthwise_line line;
    line.next = 32 * stride - rows * 4 * row_words;
    line.row_bytes = 4 * row_words;
    for (int32_t i = 0; i < TF_PLANES; i++, x += 2, taps += tap_words * win->kernel_h, y++) {
        line.outputs.scale = tf_scale_of(rq, c + i);
        line.bias[0] = line.bias[1] = line.bias[2] = line.bias[3] = bias[c + i];
        line.taps = taps;
        line.taps_end = taps + rows * tap_words;
        for (int32_t done = 0; done < out_w;) {
            int8_t rest[4];
            if (done < whole) {
                tf_outputs_init(&line.outputs, step, x + 2 * stride * whole, y);
            } else {
                tf_outputs_init(&line.outputs, 1, x + 2 * stride * (whole + 4), rest);
            }
            tf_depthwise_line_run(k, stride, &line, x + 2 * stride * done);
            if (done < whole) {
                done = whole;
            } else {
                for (int32_t p = 0; done < out_w; p++, done++) {
                    y[done * step] = rest[p];
                }
            }
        }
        if (!tf_clamps_only_int8(rq)) {
            tf_clamp_row(rq, out_w, step, y);
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
            for (int32_t oy = first; oy < end; oy++) {
                const tf_span met = tf_taps_inside(oy, win->stride_h, win->pad_top, kernel_h, win->in_h);
                tf_depthwise_row(win, rq, wt->bias, met.end - met.first, row_words,
                                 planes + ((oy - first) * win->stride_h + met.first) * row_words,
                                 taps + met.first * tap_words, first_c, tf_row_out(y, oy) + first_c);
            }
        }
    }
}

#endif
