#ifndef TF_DEPTHWISE_INPUT_GRAD_DSP_H
#define TF_DEPTHWISE_INPUT_GRAD_DSP_H

#include <string.h>

#include "tf_finish.h"
#include "tf_row_taps.h"
#include "tf_span.h"

/*
 * One channel at a time, its gradient as a plane of int16 between zeros. An input pixel meets every stride_w-th tap of
 * a kernel row; pixels that meet the same taps are a phase, in which position q = (ix + pad_left - phase) / stride_w
 * correlates the row, taps reversed, from output q - taps + 1 on.
 */
typedef struct {
    int32_t phase;
    int32_t taps; /* of a kernel row */
    tf_span q;    /* inside the image */
} tf_phase;

/* How a row of a phase is computed, the same in every channel. */
typedef struct {
    int32_t n;      /* kernel rows that meet it, */
    int32_t taps;   /* the words of the first, */
    int32_t image;  /* and the element of the plane where its first window starts, an even position */
    int32_t grad_x; /* element of its first pixel */
} tf_phase_row;

typedef struct {
    int16_t *plane;     /* [out_h][step]: output 0 stands at `left` */
    tf_phase_row *rows; /* [stride_w][in_h] */
    uint32_t *taps;     /* [kernel_h][words] of one phase */
    int32_t left, step;
} tf_planes;

static inline tf_phase tf_phase_of(const tf_window *win, int32_t phase) {
    const int32_t s = win->stride_w;
    const int32_t first = win->pad_left - phase, last = win->in_w - 1 + win->pad_left - phase;
    const tf_phase of = {phase,
                         phase < win->kernel_w ? (win->kernel_w - 1 - phase) / s + 1 : 0,
                         {first <= 0 ? 0 : (first + s - 1) / s, last < 0 ? 0 : last / s + 1}};
    return of;
}

/* Whether tf_depthwise_channels can; else the portable kernel does. */
static inline int tf_has_phases(const tf_window *win) {
    return tf_row_words(tf_phase_of(win, 0).taps) <= TF_ROW_WORDS_MOST;
}

/* Windows come in fours from an even position: so many before the phase's first are computed in vain. */
static inline int32_t tf_phase_skips(const tf_planes *planes, const tf_phase *of) {
    return (planes->left + of->q.first - of->taps + 1) & 1;
}

static inline void tf_fill_rows(const tf_window *win, const tf_planes *planes, const tf_phase *of, tf_phase_row *rows) {
    const int32_t begin = planes->left + of->q.first - of->taps + 1 - tf_phase_skips(planes, of);
    const int32_t ix = of->q.first * win->stride_w + of->phase - win->pad_left;
    for (int32_t iy = 0; iy < win->in_h; iy++) {
        const tf_span met = tf_windows_holding(iy, win->stride_h, win->pad_top, win->kernel_h, win->out_h);
        const int32_t ky = iy + win->pad_top - met.first * win->stride_h;
        const int32_t n = met.first < met.end ? met.end - met.first : 0;
        rows[iy] = (tf_phase_row){n, n == 0 ? 0 : ky * 2 * tf_row_words(of->taps),
                                  n == 0 ? 0 : met.first * planes->step + begin, (iy * win->in_w + ix) * win->in_c};
    }
}

static inline tf_planes tf_planes_of(const tf_window *win, void *scratch) {
    const tf_phase widest = tf_phase_of(win, 0);
    tf_phase_row *rows = scratch;
    uint32_t *taps = (uint32_t *)(rows + win->stride_w * win->in_h);
    int16_t *plane = (int16_t *)(taps + win->kernel_h * (win->kernel_w + 2));
    /* Phase 0 starts at an even position, and one position earlier is still in the plane. */
    const int32_t left = widest.taps + ((widest.q.first + 1) & 1);
    const int32_t step = ((win->in_w + win->pad_left) / win->stride_w + win->kernel_w + 8 + 3) & ~3;
    const tf_planes planes = {plane, rows, taps, left, step};
    for (int32_t phase = 0; phase < win->stride_w; phase++) {
        const tf_phase of = tf_phase_of(win, phase);
        tf_fill_rows(win, &planes, &of, rows + phase * win->in_h);
    }
    memset(plane, 0, sizeof *plane * (uint32_t)(win->out_h * step));
    return planes;
}

/* grad_y: of the channel. */
static inline void tf_plane_fill(const tf_window *win, const tf_planes *planes, const tf_grad *grad_y) {
    const int32_t step = win->in_c;
    int16_t *row = planes->plane + planes->left;
    for (int32_t oy = 0; oy < win->out_h; oy++, row += planes->step) {
        for (int32_t ox = 0; ox < win->out_w; ox++, grad_y += step) {
            row[ox] = *grad_y;
        }
    }
}

/* The gradient of one channel, how it is finished, and how often it saturated. */
typedef struct {
    tf_finish finish;
    int32_t gm, scaled; /* scaled: 0 where the quick way is closed */
    tf_grad *grad_x;    /* of the channel in the first pixel */
    uint32_t saturated;
} tf_channel_grad;

/* n <= 4 windows, their pixels `step` elements apart. */
TF_ROW_INLINE void tf_finish_windows(tf_channel_grad *to, const int32_t acc[4], int32_t first, int32_t end,
                                     int32_t step, tf_grad *grad_x) {
    const tf_finish finish = to->finish;
    if (to->scaled != 0 && end - first == 4) {
        tf_finish_quickly(&finish, acc[0], to->scaled, grad_x, &to->saturated);
        tf_finish_quickly(&finish, acc[1], to->scaled, grad_x + step, &to->saturated);
        tf_finish_quickly(&finish, acc[2], to->scaled, grad_x + 2 * step, &to->saturated);
        tf_finish_quickly(&finish, acc[3], to->scaled, grad_x + 3 * step, &to->saturated);
    } else {
        for (int32_t i = first; i < end; i++, grad_x += step) {
            to->saturated += tf_finish_grad(&finish, (int64_t)acc[i] * to->gm, grad_x);
        }
    }
}

/* All pixels of one phase; weights: of the channel. */
TF_ROW_INLINE void tf_phase_pixels(const tf_window *win, const tf_planes *planes, const tf_phase *of, int32_t words,
                                   const int8_t *weights, tf_channel_grad *to) {
    const int32_t step = win->stride_w * win->in_c;
    const int32_t skips = tf_phase_skips(planes, of);
    const int32_t width = of->q.end - of->q.first + skips;
    const int32_t taps_step = -win->stride_h * 2 * words;
    const tf_phase_row *row = planes->rows + of->phase * win->in_h;
    const int8_t *last = weights + of->phase * win->in_c + (of->taps - 1) * step;
    for (int32_t ky = 0; ky < win->kernel_h; ky++, last += win->kernel_w * win->in_c) {
        tf_row_pack(words, of->taps, last, -step, planes->taps + ky * 2 * words);
    }
    for (int32_t iy = 0; iy < win->in_h; iy++, row++) {
        tf_grad *grad_x = to->grad_x + row->grad_x;
        const uint32_t *taps = planes->taps + row->taps;
        const int16_t *image = planes->plane + row->image;
        int32_t first = skips;
        for (int32_t x = 0; x < width; x += 4) {
            int32_t acc[4];
            tf_row_windows(words, row->n, taps, taps_step, image + x, planes->step, acc);
            const int32_t end = width - x < 4 ? width - x : 4;
            tf_finish_windows(to, acc, first, end, step, grad_x);
            grad_x += (end - first) * step;
            first = 0;
        }
    }
}

static inline uint32_t tf_depthwise_channels(const tf_window *win, const tf_input_grad *ig, const int8_t *weights,
                                             const tf_grad *grad_y, tf_grad *grad_x, void *scratch) {
    const tf_planes planes = tf_planes_of(win, scratch);
    const int quick = tf_finish_is_quick(&ig->finish, TF_GM_BITS);
    tf_channel_grad to = {ig->finish, 0, 0, grad_x, 0};
    for (int32_t phase = 0; phase < win->stride_w; phase++) {
        const tf_phase of = tf_phase_of(win, phase);
        to.grad_x = grad_x;
        for (int32_t c = 0; c < win->in_c; c++, to.grad_x++) {
            to.gm = ig->gmc[c];
            to.scaled = quick ? tf_finish_scaled(&to.finish, to.gm) : 0;
            tf_plane_fill(win, &planes, grad_y + c);
            switch (tf_row_words(of.taps)) {
            case 1:
                tf_phase_pixels(win, &planes, &of, 1, weights + c, &to);
                break;
            case 2:
                tf_phase_pixels(win, &planes, &of, 2, weights + c, &to);
                break;
            case 3:
                tf_phase_pixels(win, &planes, &of, 3, weights + c, &to);
                break;
            default:
                tf_phase_pixels(win, &planes, &of, TF_ROW_WORDS_MOST, weights + c, &to);
            }
        }
    }
    return to.saturated;
}

#endif
