#include "tf_depthwise_plane_grad.h"
#include "tf_span.h"

#if TF_DSP

/*
 * One channel at a time, its gradient as a plane of int16 between zeros. An input pixel meets every stride_w-th tap of
 * a kernel row; pixels that meet the same taps are a phase, in which position q = (ix + pad_left - phase) / stride_w
 * correlates the row, taps reversed, from output q - taps + 1 on. Likewise a row meets every stride_h-th kernel row.
 */
typedef struct {
    int32_t phase;
    int32_t taps; /* of a kernel row */
    tf_span q;    /* inside the image */
} tf_phase;

typedef struct {
    int16_t *rows; /* [out_h + 1][step]: output 0 stands at `left`; the last row is 0 */
    int32_t left, step;
} tf_plane;

static tf_phase phase_of(const tf_window *win, int32_t phase) {
    const int32_t s = win->stride_w;
    const int32_t first = win->pad_left - phase, last = win->in_w - 1 + win->pad_left - phase;
    const tf_phase of = {phase,
                         phase < win->kernel_w ? (win->kernel_w - 1 - phase) / s + 1 : 0,
                         {first <= 0 ? 0 : (first + s - 1) / s, last < 0 ? 0 : last / s + 1}};
    return of;
}

int tf_depthwise_plane_fits(const tf_window *win) { return tf_row_words(phase_of(win, 0).taps) <= TF_ROW_WORDS_MOST; }

/* Where the windows of a phase's first pixel start. */
static int32_t phase_begin(const tf_plane *plane, const tf_phase *of) {
    return plane->left + of->q.first - of->taps + 1;
}

static tf_plane plane_of(const tf_window *win, int16_t *rows) {
    const tf_phase widest = phase_of(win, 0);
    /* Phase 0 starts at an even position, and one position earlier is still in the plane. */
    const tf_plane plane = {rows, widest.taps + ((widest.q.first + 1) & 1),
                            ((win->in_w + win->pad_left) / win->stride_w + win->kernel_w + 8 + 3) & ~3};
    memset(rows, 0, sizeof *rows * (uint32_t)((win->out_h + 1) * plane.step));
    return plane;
}

static void fill_plane(const tf_window *win, const tf_plane *plane, const tf_grad *grad_y) {
    const int32_t step = win->in_c, out_w = win->out_w;
    int16_t *row = plane->rows + plane->left;
    for (int32_t oy = 0; oy < win->out_h; oy++, row += plane->step) {
        for (int16_t *at = row; at != row + out_w; at++, grad_y += step) {
            *at = *grad_y;
        }
    }
}

/* Kernel rows are packed in the order in which following outputs meet them: those of one remainder by stride_h, from
 * the last on. */
static void pack_taps(const tf_window *win, const tf_phase *of, const int8_t *weights, uint32_t *taps) {
    const int32_t step = win->stride_w * win->in_c, row = win->kernel_w * win->in_c;
    const int8_t *last = weights + of->phase * win->in_c + (of->taps - 1) * step;
    for (int32_t v = 0; v < win->stride_h && v < win->kernel_h; v++) {
        for (int32_t ky = v + (win->kernel_h - 1 - v) / win->stride_h * win->stride_h; ky >= 0; ky -= win->stride_h) {
            tf_row_pack(of->taps, last + ky * row, -step, taps);
            taps += 2 * tf_row_words(of->taps);
        }
    }
}

/* Where pack_taps put kernel row ky, counted in rows. */
static int32_t packed_row(const tf_window *win, int32_t ky) {
    int32_t before = 0;
    for (int32_t v = 0; v < ky % win->stride_h; v++) {
        before += (win->kernel_h - 1 - v) / win->stride_h + 1;
    }
    return before + (win->kernel_h - 1 - ky) / win->stride_h;
}

static void fill_rows(const tf_window *win, const tf_plane *plane, const tf_phase *of, tf_grad_row *rows) {
    const int32_t begin = phase_begin(plane, of) & ~1;
    const int32_t ix = of->q.first * win->stride_w + of->phase - win->pad_left;
    for (int32_t iy = 0; iy < win->in_h; iy++) {
        const tf_span met = tf_windows_holding(iy, win->stride_h, win->pad_top, win->kernel_h, win->out_h);
        const int32_t ky = iy + win->pad_top - met.first * win->stride_h;
        const int is_met = met.first < met.end;
        const int32_t first = is_met ? met.first : win->out_h;
        rows[iy].span = 2 * plane->step * (is_met ? met.end - met.first : 1);
        rows[iy].taps = is_met ? 8 * tf_row_words(of->taps) * packed_row(win, ky) : 0;
        rows[iy].plane = 2 * (first * plane->step + begin);
        rows[iy].grad_x = (iy * win->in_w + ix) * win->in_c;
    }
}

/* Any width and any way to finish. Windows come in fours from an even position. */
static uint32_t finish_rows(const tf_phase *of, int32_t begin, const tf_finish *finish, int32_t gm,
                            const tf_row_grads *grads) {
    const int32_t width = of->q.end - of->q.first, skipped = begin & 1;
    uint32_t saturated = 0;
    for (const tf_grad_row *row = grads->rows; row != grads->end; row++) {
        for (int32_t x = -skipped; x < width; x += 4) {
            int32_t acc[4];
            tf_row_sums(tf_row_words(of->taps), grads, row, 2 * (x + skipped), acc);
            for (int32_t i = 0; i < 4; i++) {
                if (x + i >= 0 && x + i < width) {
                    tf_grad *grad_x = grads->grad_x + row->grad_x + (x + i) * grads->to.step;
                    saturated += tf_finish_grad(finish, (int64_t)acc[i] * gm, grad_x);
                }
            }
        }
    }
    return saturated;
}

uint32_t tf_depthwise_plane_grad(const tf_window *win, const tf_input_grad *ig, const int8_t *weights,
                                 const tf_grad *grad_y, tf_grad *grad_x, void *scratch) {
    tf_grad_row *rows = scratch;
    uint32_t *taps = (uint32_t *)(rows + win->in_h);
    const tf_plane plane = plane_of(win, (int16_t *)(taps + win->kernel_h * (win->kernel_w + 2)));
    const int32_t step = win->stride_w * win->in_c;
    uint32_t saturated = 0;
    for (int32_t phase = 0; phase < win->stride_w; phase++) {
        const tf_phase of = phase_of(win, phase);
        const int32_t width = of.q.end - of.q.first, begin = phase_begin(&plane, &of);
        const int quick = tf_finish_is_quick(&ig->finish, TF_GM_BITS) && width > 0 && width % 4 == 0 && begin % 2 == 0;
        fill_rows(win, &plane, &of, rows);
        tf_row_grads grads = {{0}, rows, rows + win->in_h, taps, plane.rows, 2 * plane.step, 2 * width, grad_x};
        for (int32_t c = 0; c < win->in_c; c++, grads.grad_x++) {
            pack_taps(win, &of, weights + c, taps);
            fill_plane(win, &plane, grad_y + c);
            grads.rows = rows;
            if (quick) {
                grads.to = tf_grads_of(&ig->finish, ig->gmc[c], step, grad_x);
                tf_row_grads_run(tf_row_words(of.taps), &grads);
                saturated += grads.to.saturated;
            } else {
                grads.to.step = step;
                saturated += finish_rows(&of, begin, &ig->finish, ig->gmc[c], &grads);
            }
        }
    }
    return saturated;
}

#endif
