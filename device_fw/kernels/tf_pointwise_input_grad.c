#include "tf_block.h"
#include "tf_finish.h"
#include "tf_fold.h"

uint32_t tf_pointwise_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_weights *wt,
                                 const tf_grad *grad_y, tf_grad *grad_x, void *scratch) {
    tf_grad *folded = scratch;
    const int32_t pixels = win->in_h * win->in_w;
    uint32_t saturated = 0;
    tf_block blocks[TF_BLOCKS];
    tf_blocks(blocks, win, wt);
    for (int32_t p = 0; p < pixels; p++) {
        tf_fold(win->out_c, ig, grad_y + p * win->out_c, folded);
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            const int32_t channels = blocks[b].channels;
            for (int32_t i0 = 0; i0 < channels; i0 += TF_LANES) {
                const int32_t n = tf_lanes(channels, i0);
                int32_t acc[TF_LANES];
                tf_lanes_clear(acc);
                tf_lanes_transposed(acc, n, blocks[b].w + i0, channels, win->out_c, folded);
                saturated +=
                    tf_finish_grads(&ig->finish, n, acc, ig->gm, grad_x + p * win->in_c + blocks[b].offset + i0);
            }
        }
    }
    return saturated;
}
