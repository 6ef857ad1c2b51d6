#include "tf_block.h"
#include "tf_forward.h"
#include "tf_span.h"

/* x: the group's first channel of the window's corner pixel plus `at` elements, so that no pointer leaves the image. */
static int32_t block_dot(const tf_window *win, const tf_block *block, int32_t oc, tf_span rows, tf_span cols,
                         const int8_t *x, int32_t at) {
    const int32_t in_c = win->in_c;
    const int32_t row_step = win->in_w * in_c;
    /* Taps of a row lie side by side in weights and image alike when a block spans all channels. */
    const int32_t joined = block->channels == in_c ? cols.end - cols.first : 1;
    int32_t acc = 0;
    for (int32_t ky = rows.first; ky < rows.end; ky++) {
        const int8_t *w = block->w + ((oc * win->kernel_h + ky) * win->kernel_w + cols.first) * block->channels;
        const int8_t *pixel = x + (at + ky * row_step + cols.first * in_c + block->offset);
        for (int32_t kx = cols.first; kx < cols.end; kx += joined) {
            acc += tf_dot(joined * block->channels, w, pixel, win->in_zero_point);
            w += block->channels;
            pixel += in_c;
        }
    }
    return acc;
}

void tf_conv_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int8_t *y) {
    const int32_t group_in = tf_group_in_c(win);
    const int32_t group_out = win->out_c / win->groups;
    tf_block blocks[TF_BLOCKS];
    tf_blocks(blocks, win, wt);
    for (int32_t oy = 0; oy < win->out_h; oy++) {
        const tf_span rows = tf_taps_inside(oy, win->stride_h, win->pad_top, win->kernel_h, win->in_h);
        for (int32_t ox = 0; ox < win->out_w; ox++) {
            const tf_span cols = tf_taps_inside(ox, win->stride_w, win->pad_left, win->kernel_w, win->in_w);
            const int32_t corner =
                ((oy * win->stride_h - win->pad_top) * win->in_w + ox * win->stride_w - win->pad_left) * win->in_c;
            for (int32_t oc = 0; oc < win->out_c; oc++) {
                const int32_t at = corner + oc / group_out * group_in;
                int32_t acc = wt->bias[oc];
                for (int32_t b = 0; b < TF_BLOCKS; b++) {
                    if (blocks[b].channels > 0) {
                        acc += block_dot(win, &blocks[b], oc, rows, cols, x, at);
                    }
                }
                *y++ = tf_requantise(acc, rq->m[oc], rq->s[oc], rq);
            }
        }
    }
}
