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
    int32_t taps, words; /* of a kernel row */
    int32_t offset;      /* in a kernel row's words */
    tf_span q;           /* inside the image */
} tf_phase;

typedef struct {
    uint32_t *taps; /* [kernel_h][row_words]: all phases of a kernel row, one after the other */
    int16_t *plane; /* [out_h][step]: output 0 stands at `left` */
    int32_t row_words, left, step;
} tf_plane;

static inline tf_phase tf_phase_of(const tf_window *win, int32_t phase) {
    const int32_t s = win->stride_w;
    const int32_t first = win->pad_left - phase, last = win->in_w - 1 + win->pad_left - phase;
    const int32_t taps = phase < win->kernel_w ? (win->kernel_w - 1 - phase) / s + 1 : 0;
    const tf_phase of = {
        taps, tf_row_words(taps), 0, {first <= 0 ? 0 : (first + s - 1) / s, last < 0 ? 0 : last / s + 1}};
    return of;
}

/* Whether tf_depthwise_channels can; else the portable kernel does. */
static inline int tf_has_phases(const tf_window *win) { return tf_phase_of(win, 0).words <= TF_ROW_WORDS_MOST; }

static inline tf_plane tf_plane_of(const tf_window *win, void *scratch) {
    const tf_phase widest = tf_phase_of(win, 0);
    int32_t row_words = 0;
    for (int32_t phase = 0; phase < win->stride_w; phase++) {
        row_words += 2 * tf_phase_of(win, phase).words;
    }
    /* Phase 0 starts at an even position, and one position earlier is still in the plane. */
    const int32_t left = widest.taps + ((widest.q.first + 1) & 1);
    const int32_t step = ((win->in_w + win->pad_left) / win->stride_w + win->kernel_w + 8 + 3) & ~3;
    const tf_plane plane = {scratch, (int16_t *)((uint32_t *)scratch + win->kernel_h * row_words), row_words, left,
                            step};
    return plane;
}

/* Packs the reversed taps of a channel; w: its first. */
static inline void tf_plane_taps(const tf_window *win, const tf_plane *plane, const int8_t *w) {
    const int32_t step = win->stride_w * win->in_c;
    uint32_t *row = plane->taps;
    for (int32_t phase = 0; phase < win->stride_w; phase++) {
        const tf_phase of = tf_phase_of(win, phase);
        const int8_t *last = w + phase * win->in_c + (of.taps - 1) * step;
        for (int32_t ky = 0; ky < win->kernel_h; ky++) {
            tf_row_pack(of.taps, last + ky * win->kernel_w * win->in_c, -step, row + ky * plane->row_words);
        }
        row += 2 * of.words;
    }
}

/* grad_y: of the channel. */
static inline void tf_plane_fill(const tf_window *win, const tf_plane *plane, const tf_grad *grad_y) {
    int16_t *row = plane->plane + plane->left;
    for (int32_t oy = 0; oy < win->out_h; oy++, row += plane->step) {
        for (int32_t ox = 0; ox < win->out_w; ox++, grad_y += win->in_c) {
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

static inline void tf_finish_windows(tf_channel_grad *to, const int32_t *acc, int32_t n, int32_t step,
                                     tf_grad *grad_x) {
    const tf_finish finish = to->finish;
    for (int32_t i = 0; i < n; i++, grad_x += step) {
        if (to->scaled != 0) {
            tf_finish_quickly(&finish, acc[i], to->scaled, grad_x, &to->saturated);
        } else {
            to->saturated += tf_finish_grad(&finish, (int64_t)acc[i] * to->gm, grad_x);
        }
    }
}

/* The pixels of one phase in row iy; taps: the phase's, of kernel row 0. */
static inline void tf_phase_row(const tf_window *win, const tf_plane *plane, const tf_phase *of, int32_t phase,
                                int32_t words, const uint32_t *taps, int32_t iy, tf_channel_grad *to) {
    const tf_span rows = tf_windows_holding(iy, win->stride_h, win->pad_top, win->kernel_h, win->out_h);
    const int32_t ky = iy + win->pad_top - rows.first * win->stride_h;
    const int32_t begin = of->q.first - of->taps + 1 + plane->left;
    const int32_t skipped = begin & 1; /* windows start at even positions: one more before the first */
    const int16_t *image = plane->plane + rows.first * plane->step + begin - skipped;
    const int32_t step = win->stride_w * win->in_c;
    const int32_t ix = of->q.first * win->stride_w + phase - win->pad_left;
    tf_grad *grad_x = to->grad_x + (iy * win->in_w + ix) * win->in_c;
    int32_t first = skipped;
    for (int32_t q = of->q.first - skipped; q < of->q.end; q += 4, image += 4) {
        int32_t acc[4] = {0};
        tf_row_windows(words, rows.end - rows.first, taps + ky * plane->row_words, -win->stride_h * plane->row_words,
                       image, plane->step, acc);
        const int32_t end = of->q.end - q < 4 ? of->q.end - q : 4;
        tf_finish_windows(to, acc + first, end - first, step, grad_x);
        grad_x += (end - first) * step;
        first = 0;
    }
}

static inline void tf_phase_rows(const tf_window *win, const tf_plane *plane, const tf_phase *of, int32_t phase,
                                 int32_t words, const uint32_t *taps, tf_channel_grad *to) {
    for (int32_t iy = 0; iy < win->in_h; iy++) {
        tf_phase_row(win, plane, of, phase, words, taps, iy, to);
    }
}

static inline uint32_t tf_depthwise_channels(const tf_window *win, const tf_input_grad *ig, const int8_t *weights,
                                             const tf_grad *grad_y, tf_grad *grad_x, void *scratch) {
    const tf_plane plane = tf_plane_of(win, scratch);
    const int quick = tf_finish_is_quick(&ig->finish, TF_GM_BITS);
    memset(plane.plane, 0, sizeof(int16_t) * (uint32_t)(win->out_h * plane.step));
    tf_channel_grad to = {ig->finish, 0, 0, grad_x, 0};
    for (int32_t c = 0; c < win->in_c; c++, to.grad_x++) {
        to.gm = ig->gmc[c];
        to.scaled = quick ? tf_finish_scaled(&to.finish, to.gm) : 0;
        tf_plane_taps(win, &plane, weights + c);
        tf_plane_fill(win, &plane, grad_y + c);
        const uint32_t *taps = plane.taps;
        for (int32_t phase = 0; phase < win->stride_w; phase++) {
            const tf_phase of = tf_phase_of(win, phase);
            switch (of.words) {
            case 1:
                tf_phase_rows(win, &plane, &of, phase, 1, taps, &to);
                break;
            case 2:
                tf_phase_rows(win, &plane, &of, phase, 2, taps, &to);
                break;
            case 3:
                tf_phase_rows(win, &plane, &of, phase, 3, taps, &to);
                break;
            default:
                tf_phase_rows(win, &plane, &of, phase, 4, taps, &to);
            }
            taps += 2 * of.words;
        }
    }
    return to.saturated;
}

#endif
