#include "tf_depthwise_planes.h"
#include "tf_depthwise_line.h"
#include "tf_rows.h"
#include "tf_span.h"

#if TF_DSP

int tf_depthwise_planes_fit(const tf_window *win, const tf_requant *rq) {
    const int32_t k = win->kernel_w;
    int fit = win->in_c >= TF_PLANES && win->stride_w <= 2 && (k == 3 || k == 5 || k == 7);
    for (int32_t c = 0; fit && c < win->in_c; c++) {
        fit = tf_scale_fits(rq->s[c]);
    }
    return fit;
}

/* Four channels at work: their taps and the planes of their input rows. */
typedef struct {
    const tf_window *win;
    tf_depthwise_run run;
    tf_depthwise_line lines[TF_PLANES];
    int32_t row_words;
    uint32_t *taps, *planes;
} tf_depthwise_work;

/* The last outputs of a row, fewer than four. */
static void compute_rest(tf_depthwise_run run, tf_depthwise_line *line, int32_t n, const uint32_t *x,
                         const uint32_t *end, int8_t *y) {
    const tf_outputs outputs = line->outputs;
    int8_t values[4];
    tf_outputs_init(&line->outputs, 1, end);
    line->outputs.y = values;
    run(line, x);
    line->outputs = outputs;
    for (int32_t i = 0; i < n; i++) {
        y[i * outputs.step] = values[i];
    }
}

static void start_channels(tf_depthwise_work *work, const tf_requant *rq, const int32_t *bias, int32_t c) {
    for (int32_t i = 0; i < TF_PLANES; i++, c++) {
        tf_depthwise_line *line = &work->lines[i];
        line->outputs.scale = tf_scale_of(rq, c);
        tf_outputs_init(&line->outputs, work->win->in_c, 0);
        line->bias[0] = line->bias[1] = line->bias[2] = line->bias[3] = bias[c];
        line->row_bytes = 4 * work->row_words;
    }
}

/* Output row oy of the four channels; x: planes of the window's first row, inside the image or not; y: first channel.
 */
static void compute_row(tf_depthwise_work *work, int32_t oy, const uint32_t *x, int8_t *y) {
    const tf_window *win = work->win;
    const int32_t kernel_h = win->kernel_h, out_w = win->out_w, rest = out_w % 4;
    const int32_t tap_words = win->kernel_w - 1, group_words = 8 * win->stride_w;
    const tf_span met = tf_taps_inside(oy, win->stride_h, win->pad_top, kernel_h, win->in_h);
    const int32_t next = 4 * (group_words - (met.end - met.first) * work->row_words);
    const uint32_t *taps = work->taps + met.first * tap_words, *taps_end = work->taps + met.end * tap_words;
    const uint32_t *end;
    x += met.first * work->row_words;
    end = x + out_w / 4 * group_words;
    for (int32_t i = 0; i < TF_PLANES; i++, x += 2, end += 2, y++) {
        tf_depthwise_line *line = &work->lines[i];
        line->next = next;
        line->taps = taps;
        line->taps_end = taps_end;
        line->outputs.end = end;
        line->outputs.y = y;
        if (x != end) {
            work->run(line, x);
        }
        if (rest > 0) {
            compute_rest(work->run, line, rest, end, end + group_words, y + (out_w - rest) * win->in_c);
        }
        taps += kernel_h * tap_words;
        taps_end += kernel_h * tap_words;
    }
}

void tf_depthwise_planes(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                         const tf_rows_out *y, tf_span rows, void *scratch) {
    const int8_t *weights = wt->trained != 0 ? wt->trained : wt->frozen;
    const int32_t channels = win->in_c, kernel_h = win->kernel_h, k = win->kernel_w, stride_h = win->stride_h;
    tf_depthwise_work work;
    work.win = win;
    work.run = tf_depthwise_run_of(k, win->stride_w);
    work.row_words = tf_planes_words(((win->out_w + 3) / 4 * 4 - 1) * win->stride_w + k);
    work.taps = (uint32_t *)scratch;
    work.planes = work.taps + TF_PLANES * kernel_h * (k - 1);
    const int32_t fit = (TF_PLANES_BYTES / (4 * work.row_words) - kernel_h) / stride_h + 1;
    const int32_t step = fit < 1 ? 1 : fit;
    for (int32_t done = 0; done < channels; done += TF_PLANES) {
        /* The last four channels may overlap with those before: these are computed again. */
        const int32_t c = done + TF_PLANES <= channels ? done : channels - TF_PLANES;
        tf_planes_taps(weights + c, channels, k, kernel_h, work.taps);
        start_channels(&work, rq, wt->bias, c);
        for (int32_t first = rows.first; first < rows.end; first += step) {
            const int32_t end = rows.end - first < step ? rows.end : first + step;
            const int32_t top = first * stride_h - win->pad_top, bottom = top + (end - first - 1) * stride_h + kernel_h;
            for (int32_t iy = top < 0 ? 0 : top; iy < bottom && iy < win->in_h; iy++) {
                tf_planes_row(tf_row(x, iy) + c, channels, win->in_w, win->pad_left, win->in_zero_point, work.row_words,
                              work.planes + (iy - top) * work.row_words);
            }
            for (int32_t oy = first; oy < end; oy++) {
                compute_row(&work, oy, work.planes + (oy - first) * stride_h * work.row_words, tf_row_out(y, oy) + c);
            }
        }
    }
    if (!tf_clamps_only_int8(rq)) {
        for (int32_t oy = rows.first; oy < rows.end; oy++) {
            tf_clamp_outputs(rq, win->out_w * channels, 1, tf_row_out(y, oy));
        }
    }
}

#endif
