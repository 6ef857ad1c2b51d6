#include "tf_block.h"
#include "tf_conv_tiles.h"
#include "tf_dsp.h"
#include "tf_forward.h"
#include "tf_rows.h"
#include "tf_span.h"

#if TF_DSP

void tf_conv_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                const tf_rows_out *y, tf_span rows, void *scratch) {
    tf_conv_tiles(win, rq, wt, x, y, rows, scratch);
}

#else

/* Taps inside the image of one output pixel; iy, ix: pixel of the window's first tap, inside the image or not. */
typedef struct {
    tf_span rows, cols;
    int32_t iy, ix;
} tf_patch;

static tf_patch patch_at(const tf_window *win, int32_t oy, int32_t ox) {
    const tf_patch patch = {
        tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h),
        tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w),
        oy * win->stride_h - win->pad_top,
        ox * win->stride_w - win->pad_left,
    };
    return patch;
}

/* Adds one block's products to n output channels from oc on; first_c: first input channel of their group. */
static void add_block(const tf_window *win, const tf_block *block, const tf_patch *patch, int32_t oc, int32_t n,
                      int32_t first_c, const tf_rows *x, int32_t acc[TF_QUAD]) {
    const int32_t in_c = win->in_c;
    const int32_t channels = block->channels;
    const tf_span cols = patch->cols;
    /* Taps of a row lie side by side in weights and image alike when a block spans all channels. */
    const int32_t joined = channels == in_c ? cols.end - cols.first : 1;
    const tf_quad quad = tf_quad_of(n, win->kernel_h * win->kernel_w * channels);
    for (int32_t ky = patch->rows.first; ky < patch->rows.end; ky++) {
        const int8_t *w = block->w + ((oc * win->kernel_h + ky) * win->kernel_w + cols.first) * channels;
        const int8_t *pixel = tf_row(x, patch->iy + ky) + (patch->ix + cols.first) * in_c + first_c + block->offset;
        for (int32_t kx = cols.first; kx < cols.end; kx += joined) {
            tf_quad_dot(&quad, joined * channels, w, pixel, win->in_zero_point, acc);
            w += channels;
            pixel += in_c;
        }
    }
}

/* All output channels of one pixel; y: [out_c]. */
static void convolve(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_block blocks[TF_BLOCKS],
                     const tf_patch *patch, const tf_rows *x, int8_t *y) {
    const int32_t group_out = win->out_c / win->groups;
    int32_t n = 0;
    for (int32_t oc = 0; oc < win->out_c; oc += n) {
        const int32_t group = oc / group_out;
        const int32_t rest = (group + 1) * group_out - oc;
        n = rest < TF_QUAD ? rest : TF_QUAD;
        int32_t acc[TF_QUAD] = {0};
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            if (blocks[b].channels > 0) {
                add_block(win, &blocks[b], patch, oc, n, group * tf_group_in_c(win), x, acc);
            }
        }
        for (int32_t k = 0; k < n; k++) {
            const int32_t c = oc + k;
            y[c] = tf_requantise(wt->bias[c] + acc[k], rq->m[c], rq->s[c], rq);
        }
    }
}

void tf_conv_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                const tf_rows_out *y, tf_span rows, void *scratch) {
    (void)scratch;
    tf_block blocks[TF_BLOCKS];
    tf_blocks(blocks, win, wt);
    for (int32_t oy = rows.first; oy < rows.end; oy++) {
        int8_t *pixel = tf_row_out(y, oy);
        for (int32_t ox = 0; ox < win->out_w; ox++) {
            const tf_patch patch = patch_at(win, oy, ox);
            convolve(win, rq, wt, blocks, &patch, x, pixel);
            pixel += win->out_c;
        }
    }
}

#endif
