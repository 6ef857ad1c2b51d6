#include "tf_conv_tiles.h"
#include "tf_patch.h"
#include "tf_tiles.h"

#if TF_DSP

typedef struct {
    tf_tiles tiles;
    tf_block blocks[TF_BLOCKS];
    int32_t batch; /* tiles in scratch */
    int32_t taps;
    int8_t *patches; /* [TF_TILE][longest block's patch] */
} tf_work;

static tf_work work_of(const tf_window *win, const tf_weights *wt, int32_t pixels, void *scratch) {
    tf_work work;
    tf_tiles *t = &work.tiles;
    work.taps = win->kernel_h * win->kernel_w;
    tf_blocks(work.blocks, win, wt);
    for (int32_t b = 0; b < TF_BLOCKS; b++) {
        t->w[b] = work.blocks[b].w;
        t->k[b] = work.taps * work.blocks[b].channels;
        t->groups[b] = tf_tile_groups(t->k[b]);
    }
    const int32_t fit = TF_TILES_BYTES / (2 * tf_tiles_stride(t)), needed = (pixels + TF_TILE - 1) / TF_TILE;
    work.batch = fit < 1 ? 1 : fit < needed ? fit : needed;
    t->tiles = (int16_t *)scratch;
    int8_t *rest = (int8_t *)(t->tiles + work.batch * tf_tiles_stride(t));
    t->row[0] = rest;
    t->row[1] = rest + 4 * t->groups[0];
    work.patches = t->row[1] + 4 * t->groups[1];
    return work;
}

/* What output pixel ox of row oy meets of one block, input channels c on: a run of whole groups. */
static const int8_t *run_of(const tf_work *work, const tf_window *win, const tf_rows *x, int32_t oy, int32_t ox,
                            int32_t c, int32_t block, int8_t *patch) {
    const int32_t channels = work->blocks[block].channels, padded = 4 * work->tiles.groups[block];
    if (work->taps > 1) {
        tf_copy_patch(win, x, oy, ox, c, channels, padded, patch);
        return patch;
    }
    const int8_t *pixel = tf_row(x, oy * win->stride_h) + ox * win->stride_w * win->in_c + c;
    if (channels == padded) {
        return pixel;
    }
    tf_fill((int8_t)win->in_zero_point, padded - channels, tf_copy(pixel, channels, patch));
    return patch;
}

/* Pixel ox (and the three after it, before `end`) of output row oy, for the input channels of one group. */
static void unpack_tile(const tf_work *work, const tf_window *win, const tf_rows *x, int32_t oy, int32_t ox,
                        int32_t end, int32_t first_c, int16_t *tile) {
    for (int32_t b = 0; b < TF_BLOCKS; b++) {
        const int32_t groups = work->tiles.groups[b];
        const int8_t *runs[TF_TILE];
        for (int32_t p = 0; p < TF_TILE; p++) {
            const int32_t pixel = ox + p < end ? ox + p : end - 1;
            runs[p] =
                run_of(work, win, x, oy, pixel, first_c + work->blocks[b].offset, b, work->patches + p * 4 * groups);
        }
        tile = tf_unpack(runs, groups, win->in_zero_point, tile);
    }
}

/* Output row oy, or, where rows follow each other without a gap, the `pixels` from its first on. */
static void convolve(const tf_work *work, const tf_window *win, const tf_requant *rq, const tf_weights *wt,
                     const tf_rows *x, int32_t oy, int32_t pixels, int8_t *y) {
    const int32_t group_in = tf_group_in_c(win), group_out = win->out_c / win->groups;
    const int32_t batch = TF_TILE * work->batch;
    for (int32_t ox = 0; ox < pixels; ox += batch) {
        const int32_t end = pixels - ox < batch ? pixels : ox + batch;
        for (int32_t g = 0; g < win->groups; g++) {
            int16_t *tile = work->tiles.tiles;
            for (int32_t pixel = ox; pixel < end; pixel += TF_TILE, tile += tf_tiles_stride(&work->tiles)) {
                unpack_tile(work, win, x, oy, pixel, end, g * group_in, tile);
            }
            const tf_span channels = {g * group_out, (g + 1) * group_out};
            tf_tiles_multiply(&work->tiles, rq, wt->bias, win->out_c, channels, end - ox, y + ox * win->out_c);
        }
    }
}

void tf_conv_tiles(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                   const tf_rows_out *y, tf_span rows, void *scratch) {
    const int32_t height = rows.end - rows.first;
    /* A 1x1 convolution of whole tensors is one long row. */
    const int joined = win->kernel_h * win->kernel_w * win->stride_h * win->stride_w == 1 && rows.end <= x->count &&
                       rows.end <= y->count && x->stride == (uint32_t)win->in_w * win->in_c &&
                       y->stride == (uint32_t)win->out_w * win->out_c;
    const int32_t step = joined ? height : 1, pixels = step * win->out_w;
    const tf_work work = work_of(win, wt, pixels, scratch);
    for (int32_t oy = rows.first; oy < rows.end; oy += step) {
        convolve(&work, win, rq, wt, x, oy, pixels, tf_row_out(y, oy));
    }
}

#endif
