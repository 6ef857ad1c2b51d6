#include "tf_block.h"
#include "tf_finish.h"
#include "tf_fold.h"
#include "tf_pair_grads.h"
#include "tf_rows.h"

#if TF_DSP

/*
 * Folded gradients kept at once: of all pixels, or as many as fit into so many bytes, because the weights are unpacked
 * again for every such stage; not fewer than FEW, and within MOST_BYTES not fewer than SOME.
 */
#define FOLDED_BYTES 7680
#define MOST_BYTES 18432
#define FEW 8
#define SOME 12

/* What one call keeps: the folded gradient of some pixels as pairs of pixels, and four columns of the weights. */
typedef struct {
    int32_t groups; /* of four output channels in a pair */
    int32_t pixels; /* room for so many, a multiple of 4 */
    int16_t *folded, *columns;
} tf_stage;

static tf_stage stage_of(const tf_window *win, void *scratch) {
    const int32_t groups = tf_pair_groups(win->out_c);
    const int32_t most = MOST_BYTES / (8 * groups) & ~3, some = most < SOME ? most : SOME;
    int32_t pixels = (win->in_h * win->in_w + 3) & ~3;
    if (pixels > tf_larger(FEW, most)) {
        pixels = tf_larger(FEW, tf_larger(FOLDED_BYTES / (8 * groups) & ~3, some));
    }
    tf_stage stage = {groups, pixels, scratch, scratch};
    stage.folded += 16 * groups;
    return stage;
}

/* Multipliers of four channels, two a word: 0, 2 and 1, 3 for gradients of 8 bits, else 0, 1 and 2, 3. */
typedef struct {
    uint32_t first, second;
} tf_scales;

static inline tf_scales scales_of(const tf_fold_scale *mw) {
#if TF_GRAD_BITS == 8
    const uint32_t word = tf_load4(mw);
    const tf_scales scales = {word & 0x00ff00ffu, word >> 8 & 0x00ff00ffu};
#else
    const tf_scales scales = {tf_load4(mw), tf_load4(mw + 2)};
#endif
    return scales;
}

/* U of four channels of one pixel. */
static inline void fold_four(const tf_grad *grad_y, tf_scales mw, int32_t half, int32_t fsh, int16_t *row) {
#if TF_GRAD_BITS == 8
    const tf_pixel g = tf_pixel_of(grad_y, 0);
    const int32_t u0 = tf_smlabb(g.even, mw.first, half), u1 = tf_smlabb(g.odd, mw.second, half);
    const int32_t u2 = tf_smlatt(g.even, mw.first, half), u3 = tf_smlatt(g.odd, mw.second, half);
#else
    const uint32_t g0 = tf_load4(grad_y), g2 = tf_load4(grad_y + 2);
    const int32_t u0 = tf_smlabb(g0, mw.first, half), u1 = tf_smlatt(g0, mw.first, half);
    const int32_t u2 = tf_smlabb(g2, mw.second, half), u3 = tf_smlatt(g2, mw.second, half);
#endif
    tf_store4(row, tf_pack_low((uint32_t)u0 >> fsh, (uint32_t)u1 >> fsh));
    tf_store4(row + 2, tf_pack_low((uint32_t)u2 >> fsh, (uint32_t)u3 >> fsh));
}

/* The pixels of a pair from channel c on, for the channels that are no four. */
static void fold_rest(int32_t channels, int32_t c, const tf_input_grad *ig, int32_t pixels, const tf_grad *grad_y,
                      int16_t *pair) {
    for (int32_t p = 0; p < 2; p++, grad_y += channels) {
        for (int32_t k = 0; k < 4; k++) {
            const int inside = p < pixels && c + k < channels;
            const int32_t half = (int32_t)1 << (ig->fsh - 1);
            pair[4 * p + k] = (int16_t)(inside ? tf_floor_shift32(grad_y[c + k] * ig->mw[c + k] + half, ig->fsh) : 0);
        }
    }
}

/* U of one or two pixels as a pair. A pixel that is missing is 0. */
static void fold_pair(int32_t channels, const tf_input_grad *ig, int32_t pixels, const tf_grad *grad_y, int16_t *pair) {
    const int32_t half = (int32_t)1 << (ig->fsh - 1), fsh = ig->fsh;
    int32_t c = 0;
    for (; c + 4 <= channels && pixels == 2 && fsh <= 16; c += 4, pair += 8) { /* bits fsh .. fsh + 15 */
        const tf_scales mw = scales_of(ig->mw + c);
        fold_four(grad_y + c, mw, half, fsh, pair);
        fold_four(grad_y + channels + c, mw, half, fsh, pair + 4);
    }
    for (; c < channels; c += 4, pair += 8) {
        fold_rest(channels, c, ig, pixels, grad_y, pair);
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

/* `columns` (1 or 2) input channels of n pixels, their weights in pair; grad_x: the first channel of the first pixel.
 */
static uint32_t sum_columns(const tf_window *win, const tf_input_grad *ig, const tf_stage *stage, const int16_t *pair,
                            int32_t columns, int32_t n, tf_grad *grad_x) {
    const int32_t step = win->in_c, pair_elements = 8 * stage->groups;
    const int16_t *folded = stage->folded;
    uint32_t saturated = 0;
    int32_t p = 0;
    if (tf_finish_is_quick(&ig->finish, TF_GM_BITS) && columns == 2 && n >= 2) {
        tf_pair_grads grads = {tf_grads_of(&ig->finish, ig->gm, step, grad_x), folded + n / 2 * pair_elements,
                               2 * pair_elements, pair};
        tf_pair_grads_run(stage->groups, &grads, folded);
        saturated = grads.to.saturated;
        p = n & ~1;
    }
    for (; p < n; p += 2) {
        int32_t acc[TF_PAIR_PRODUCTS] = {0};
        tf_pair_dot(stage->groups, pair, folded + p / 2 * pair_elements, acc);
        finish_square(&ig->finish, ig->gm, acc, columns, n - p < 2 ? 1 : 2, step, grad_x + p * step, &saturated);
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
        for (int32_t k = 0; k < n; k += 2) {
            fold_pair(win->out_c, ig, n - k < 2 ? 1 : 2, grad_y + (p + k) * win->out_c,
                      stage.folded + k * 4 * stage.groups);
        }
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            const int32_t channels = blocks[b].channels;
            for (int32_t i = 0; i < channels; i += 4) {
                const int32_t columns = channels - i < 4 ? channels - i : 4;
                tf_grad *first = grad_x + p * win->in_c + blocks[b].offset + i;
                tf_pack_columns(win->out_c, blocks[b].w + i, channels, columns, 0, stage.columns);
                for (int32_t k = 0; k < columns; k += 2) {
                    saturated += sum_columns(win, ig, &stage, stage.columns + k * 4 * stage.groups,
                                             columns - k < 2 ? 1 : 2, n, first + k);
                }
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
