#include "tf_conv_tiles.h"
#include "tf_patch.h"
#include "tf_tiles.h"
#include "tf_unpack.h"

#if TF_DSP

typedef struct {
    tf_tiles tiles;
    int32_t channels[TF_BLOCKS]; /* of each block, and its first one within a group */
    int32_t offset[TF_BLOCKS];
    int32_t taps;
    int32_t batch;              /* pixels unpacked at once */
    int8_t *patches[TF_BLOCKS]; /* [TF_TILE][4 * groups] */
} tf_work;

static tf_work work_of(const tf_window *win, const tf_requant *rq, const tf_weights *wt, int32_t pixels,
                       void *scratch) {
    tf_work work;
    tf_tiles *t = &work.tiles;
    tf_block blocks[TF_BLOCKS];
    tf_blocks(blocks, win, wt);
    work.taps = win->kernel_h * win->kernel_w;
    t->blocks = 0;
    t->w[1] = 0;
    t->k[1] = t->groups[1] = 0;
    for (int32_t b = 0; b < TF_BLOCKS; b++) {
        if (blocks[b].channels > 0) {
            const int32_t at = t->blocks++;
            work.channels[at] = blocks[b].channels;
            work.offset[at] = blocks[b].offset;
            t->w[at] = blocks[b].w;
            t->k[at] = work.taps * blocks[b].channels;
            t->groups[at] = tf_tile_groups(t->k[at]);
        }
    }
    const int32_t fit = TF_TILES_BYTES / (2 * tf_tiles_stride(t)), needed = (pixels + TF_TILE - 1) / TF_TILE;
    const int32_t tiles = fit < 1 ? 1 : fit < needed ? fit : needed;
    work.batch = TF_TILE * tiles;
    t->tiles = (int16_t *)scratch;
    t->unpacked = (int8_t *)(t->tiles + tiles * tf_tiles_stride(t));
    t->row[0] = t->unpacked + 8 * t->groups[0];
    t->row[1] = t->row[0] + 4 * t->groups[0];
    t->rq = rq;
    t->bias = wt->bias;
    t->out_c = win->out_c;
    work.patches[0] = t->row[1] + 4 * t->groups[1];
    work.patches[1] = work.patches[0] + 16 * t->groups[0];
    if (t->k[0] % 4 != 0 || t->k[1] % 4 != 0) {
        /* Patches end with zero points, which nothing overwrites, up to whole groups. */
        tf_fill((int8_t)win->in_zero_point, 16 * (t->groups[0] + t->groups[1]), work.patches[0]);
    }
    return work;
}

/* Pixels ox .. ox + n - 1 of output row oy, what block b meets of a group from input channel c on. */
static int16_t *unpack(const tf_work *work, const tf_window *win, const tf_rows *x, int32_t oy, int32_t ox, int32_t n,
                       int32_t c, int32_t b, int16_t *tile) {
    const int32_t channels = work->channels[b], groups = work->tiles.groups[b], padded = 4 * groups;
    const int32_t step = win->stride_w * win->in_c;
    const uint32_t minus = tf_halves(-win->in_zero_point, -win->in_zero_point);
    int8_t *const patches = work->patches[b];
    if (work->taps > 1) {
        tf_copy_patches(win, x, oy, ox, n, c, channels, padded, patches);
    } else {
        const int8_t *pixel = tf_row(x, oy * win->stride_h) + ox * step + c;
        if (channels == padded && n == TF_TILE) {
            return tf_unpack(pixel, step, minus, groups, tile);
        }
        for (int32_t p = 0; p < n; p++, pixel += step) {
            tf_copy(pixel, channels, patches + p * padded);
        }
    }
    return tf_unpack(patches, padded, minus, groups, tile);
}

/* Output row oy, or, where rows follow each other without a gap, the `pixels` from its first on. */
static void convolve(const tf_work *work, const tf_window *win, const tf_rows *x, int32_t oy, int32_t pixels,
                     int8_t *y) {
    const int32_t group_in = tf_group_in_c(win), group_out = win->out_c / win->groups;
    for (int32_t ox = 0; ox < pixels; ox += work->batch) {
        const int32_t n = pixels - ox < work->batch ? pixels - ox : work->batch;
        for (int32_t g = 0; g < win->groups; g++) {
            int16_t *tile = work->tiles.tiles;
            for (int32_t done = 0; done < n; done += TF_TILE) {
                const int32_t rest = n - done < TF_TILE ? n - done : TF_TILE;
                for (int32_t b = 0; b < work->tiles.blocks; b++) {
                    tile = unpack(work, win, x, oy, ox + done, rest, g * group_in + work->offset[b], b, tile);
                }
            }
            const tf_span channels = {g * group_out, (g + 1) * group_out};
            tf_tiles_multiply(&work->tiles, channels, n, y + ox * win->out_c);
        }
    }
}

void tf_conv_tiles(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                   const tf_rows_out *y, tf_span rows, void *scratch) {
    /* A 1x1 convolution of whole tensors is one long row. */
    const int joined = win->kernel_h * win->kernel_w * win->stride_h * win->stride_w == 1 && rows.end <= x->count &&
                       rows.end <= y->count && x->stride == (uint32_t)win->in_w * win->in_c &&
                       y->stride == (uint32_t)win->out_w * win->out_c;
    const int32_t step = joined ? rows.end - rows.first : 1, pixels = step * win->out_w;
    const tf_work work = work_of(win, rq, wt, pixels, scratch);
    for (int32_t oy = rows.first; oy < rows.end; oy += step) {
        convolve(&work, win, x, oy, pixels, tf_row_out(y, oy));
    }
}

#endif
