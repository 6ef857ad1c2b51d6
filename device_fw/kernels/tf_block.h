#ifndef TF_BLOCK_H
#define TF_BLOCK_H

#include "tf_kernels.h"

/* One of the two blocks of a convolution's weights: [out_c][kernel_h][kernel_w][channels]. */
typedef struct {
    const int8_t *w;
    int32_t channels;
    int32_t offset; /* its first input channel within a group */
} tf_block;

#define TF_BLOCKS 2

static inline int32_t tf_group_in_c(const tf_window *win) { return win->in_c / win->groups; }

static inline void tf_blocks(tf_block blocks[TF_BLOCKS], const tf_window *win, const tf_weights *wt) {
    blocks[0] = (tf_block){wt->trained, win->trained_in_c, 0};
    blocks[1] = (tf_block){wt->frozen, tf_group_in_c(win) - win->trained_in_c, win->trained_in_c};
}

#endif
