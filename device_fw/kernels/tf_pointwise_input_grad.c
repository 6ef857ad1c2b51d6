#include "tf_block.h"
#include "tf_finish.h"
#include "tf_fold.h"
#include "tf_pair.h"

#if TF_DSP

/* Bytes of folded gradient kept at once; at least so many pixels. */
#define FOLDED_BYTES 18432
#define FEWEST_PIXELS 8

/* What one call keeps: the folded gradient of some pixels as pairs of pixels, and two columns of the weights. */
typedef struct {
    int32_t groups; /* of four output channels in a pair */
    int32_t pixels; /* room for so many, a multiple of 4 */
    int16_t *folded, *columns;
} tf_stage;

static tf_stage stage_of(const tf_window *win, void *scratch) {
    const int32_t groups = tf_pair_groups(win->out_c);
    const int32_t all = (win->in_h * win->in_w + 3) & ~3;
    const int32_t fit = FOLDED_BYTES / (8 * groups) & ~3;
    const int32_t room = fit > FEWEST_PIXELS ? fit : FEWEST_PIXELS;
    tf_stage stage = {groups, all < room ? all : room, scratch, scratch};
    stage.folded += 8 * groups;
    return stage;
}

/* U of one pixel as a row of a pair; grad_y: null for a row of zeros. */
static void fold_row(int32_t channels, const tf_input_grad *ig, const tf_grad *grad_y, int16_t *row) {
    const int32_t half = (int32_t)1 << (ig->fsh - 1);
    for (int32_t c = 0; c < channels; c += 4, row += 8) {
        for (int32_t k = 0; k < 4; k++) {
            const int inside = grad_y != 0 && c + k < channels;
            row[k] = (int16_t)(inside ? tf_floor_shift32(grad_y[c + k] * ig->mw[c + k] + half, ig->fsh) : 0);
        }
    }
}

/* n > 0 pixels; grad_y: the first. */
static void fold_pixels(const tf_window *win, const tf_input_grad *ig, int32_t n, const tf_grad *grad_y,
                        const tf_stage *stage) {
    for (int32_t p = 0; p < n + (n & 1); p++) {
        int16_t *pair = stage->folded + (p >> 1) * 8 * stage->groups;
        fold_row(win->out_c, ig, p < n ? grad_y + p * win->out_c : 0, pair + 4 * (p & 1));
    }
}

/* Finishes the 2x2 sums of channels i, i + 1 (of one pixel: step apart) and pixels; grad_x: the first of both. */
static void finish_square(const tf_finish *finish, int32_t gm, const int32_t acc[TF_PAIR_PRODUCTS], int32_t channels,
                          int32_t pixels, int32_t step, tf_grad *grad_x, uint32_t *saturated) {
    for (int32_t i = 0; i < channels; i++) {
        for (int32_t p = 0; p < pixels; p++) {
            *saturated += tf_finish_grad(finish, (int64_t)acc[2 * i + p] * gm, grad_x + p * step + i);
        }
    }
}

/* `columns` (1 or 2) input channels of n pixels; grad_x: the first channel of the first pixel. */
static uint32_t sum_columns(const tf_window *win, const tf_input_grad *ig, const tf_stage *stage, int32_t columns,
                            int32_t n, tf_grad *grad_x) {
    const tf_finish finish = ig->finish;
    const int quick = tf_finish_is_quick(&finish, TF_GM_BITS);
    const int32_t scaled = quick ? tf_finish_scaled(&finish, ig->gm) : 0;
    const int32_t step = win->in_c;
    const int16_t *folded = stage->folded;
    uint32_t saturated = 0;
    for (int32_t p = 0; p < n; p += 2, grad_x += 2 * step, folded += 8 * stage->groups) {
        int32_t acc[TF_PAIR_PRODUCTS] = {0};
        tf_pair_dot(stage->groups, stage->columns, folded, acc);
        if (quick && columns == 2 && n - p >= 2) {
            tf_finish_quickly(&finish, acc[0], scaled, grad_x, &saturated);
            tf_finish_quickly(&finish, acc[2], scaled, grad_x + 1, &saturated);
            tf_finish_quickly(&finish, acc[1], scaled, grad_x + step, &saturated);
            tf_finish_quickly(&finish, acc[3], scaled, grad_x + step + 1, &saturated);
        } else {
            finish_square(&finish, ig->gm, acc, columns, n - p < 2 ? 1 : 2, step, grad_x, &saturated);
        }
    }
    return saturated;
}

uint32_t tf_pointwise_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_weights *wt,
                                 const tf_grad *grad_y, tf_grad *grad_x, void *scratch) {
    const tf_stage stage = stage_of(win, scratch);
    const int32_t pixels = win->in_h * win->in_w;
    uint32_t saturated = 0;
    tf_block blocks[TF_BLOCKS];
    tf_blocks(blocks, win, wt);
    for (int32_t p = 0; p < pixels; p += stage.pixels) {
        const int32_t n = pixels - p < stage.pixels ? pixels - p : stage.pixels;
        fold_pixels(win, ig, n, grad_y + p * win->out_c, &stage);
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            const int32_t channels = blocks[b].channels;
            for (int32_t i = 0; i < channels; i += 2) {
                const int32_t columns = channels - i < 2 ? 1 : 2;
                tf_pack_columns(win->out_c, blocks[b].w + i, channels, columns, 0, stage.columns);
                saturated += sum_columns(win, ig, &stage, columns, n, grad_x + p * win->in_c + blocks[b].offset + i);
            }
        }
    }
    return saturated;
}

#else

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
                saturated += tf_finish_grads(&ig->finish, n, acc, ig->gm, TF_GM_BITS,
                                             grad_x + p * win->in_c + blocks[b].offset + i0);
            }
        }
    }
    return saturated;
}

#endif
