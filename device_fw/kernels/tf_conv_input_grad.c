#include "tf_block.h"
#include "tf_finish.h"
#include "tf_fold.h"
#include "tf_span.h"

/* The outputs whose windows hold one input pixel, and where tap 0 of output 0 would be seen from it. */
typedef struct {
    tf_span rows, cols;
    int32_t tap_y, tap_x;
} tf_meeting;

static tf_meeting meeting_at(const tf_window *win, int32_t iy, int32_t ix) {
    const tf_meeting meeting = {
        tf_windows_holding(iy, win->stride_h, win->pad_top, win->kernel_h, win->out_h),
        tf_windows_holding(ix, win->stride_w, win->pad_left, win->kernel_w, win->out_w),
        iy + win->pad_top,
        ix + win->pad_left,
    };
    return meeting;
}

/* folded: [outputs of the meeting][out_c]. */
static void fold_meeting(const tf_window *win, const tf_meeting *at, const tf_input_grad *ig, const tf_grad *grad_y,
                         tf_grad *folded) {
    for (int32_t oy = at->rows.first; oy < at->rows.end; oy++) {
        for (int32_t ox = at->cols.first; ox < at->cols.end; ox++) {
            tf_fold(win->out_c, ig, grad_y + (oy * win->out_w + ox) * win->out_c, folded);
            folded += win->out_c;
        }
    }
}

/* One group and n of its input channels: w and folded point at the group's first output channel. */
static void sum_meeting(const tf_window *win, const tf_meeting *at, const int8_t *w, int32_t channels, int32_t n,
                        const tf_grad *folded, int32_t acc[TF_LANES]) {
    const int32_t filter = win->kernel_h * win->kernel_w * channels;
    tf_lanes_clear(acc);
    for (int32_t oy = at->rows.first; oy < at->rows.end; oy++) {
        const int32_t ky = at->tap_y - oy * win->stride_h;
        for (int32_t ox = at->cols.first; ox < at->cols.end; ox++) {
            const int32_t kx = at->tap_x - ox * win->stride_w;
            tf_lanes_transposed(acc, n, w + (ky * win->kernel_w + kx) * channels, filter, win->out_c / win->groups,
                                folded);
            folded += win->out_c;
        }
    }
}

/* All input channels of one pixel; grad_x: [in_c]. */
static uint32_t finish_pixel(const tf_window *win, const tf_meeting *at, const tf_input_grad *ig,
                             const tf_block blocks[TF_BLOCKS], const tf_grad *folded, tf_grad *grad_x) {
    const int32_t group_in = tf_group_in_c(win);
    const int32_t group_out = win->out_c / win->groups;
    uint32_t saturated = 0;
    for (int32_t g = 0; g < win->groups; g++) {
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            const int32_t channels = blocks[b].channels;
            for (int32_t i0 = 0; i0 < channels; i0 += TF_LANES) {
                const int32_t n = tf_lanes(channels, i0);
                const int8_t *w = blocks[b].w + g * group_out * win->kernel_h * win->kernel_w * channels + i0;
                int32_t acc[TF_LANES];
                sum_meeting(win, at, w, channels, n, folded + g * group_out, acc);
                saturated += tf_finish_grads(&ig->finish, n, acc, ig->gm, TF_GM_BITS,
                                             grad_x + g * group_in + blocks[b].offset + i0);
            }
        }
    }
    return saturated;
}

uint32_t tf_conv_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_weights *wt, const tf_grad *grad_y,
                            tf_grad *grad_x, void *scratch) {
    tf_grad *folded = scratch;
    uint32_t saturated = 0;
    tf_block blocks[TF_BLOCKS];
    tf_blocks(blocks, win, wt);
    for (int32_t iy = 0; iy < win->in_h; iy++) {
        for (int32_t ix = 0; ix < win->in_w; ix++) {
            const tf_meeting at = meeting_at(win, iy, ix);
            fold_meeting(win, &at, ig, grad_y, folded);
            saturated += finish_pixel(win, &at, ig, blocks, folded, grad_x);
            grad_x += win->in_c;
        }
    }
    return saturated;
}
