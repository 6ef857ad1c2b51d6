#include "tf_block.h"
#include "tf_dsp.h"
#include "tf_pointwise.h"

static inline int16_t score(const tf_requant *rq, int32_t oc, int32_t acc) {
    const int64_t z = tf_round_shift64((int64_t)acc * rq->m[oc], rq->s[oc]);
    return (int16_t)tf_clamp64(z, INT16_MIN, INT16_MAX);
}

static void score_pixel(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x,
                        int16_t *logits) {
    for (int32_t oc = 0; oc < win->out_c; oc += TF_QUAD) {
        int32_t acc[TF_QUAD];
        const int32_t n = tf_pointwise_quad(win, wt, oc, x, acc);
        for (int32_t k = 0; k < n; k++) {
            *logits++ = score(rq, oc + k, acc[k]);
        }
    }
}

#if TF_DSP
#define PIXELS 4 /* whose sums with a row of weights are made together, so that the row is unpacked once */

/* acc[p] += sum of w x[p], and returns the sum of w; x: the first of the pixels, `step` apart. */
static inline int32_t dot_pixels(int32_t channels, const int8_t *w, const int8_t *x, int32_t step,
                                 int32_t acc[PIXELS]) {
    const int8_t *const x1 = x + step, *const x2 = x1 + step, *const x3 = x2 + step;
    int32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3], total = 0, c = 0;
    for (; c + 4 <= channels; c += 4) {
        const uint32_t bytes = tf_load4(w + c), b0 = tf_load4(x + c), b1 = tf_load4(x1 + c), b2 = tf_load4(x2 + c);
        const uint32_t b3 = tf_load4(x3 + c), even = tf_sxtb16(bytes), odd = tf_sxtb16_ror8(bytes);
        a0 = tf_smlad(odd, tf_sxtb16_ror8(b0), tf_smlad(even, tf_sxtb16(b0), a0));
        a1 = tf_smlad(odd, tf_sxtb16_ror8(b1), tf_smlad(even, tf_sxtb16(b1), a1));
        a2 = tf_smlad(odd, tf_sxtb16_ror8(b2), tf_smlad(even, tf_sxtb16(b2), a2));
        a3 = tf_smlad(odd, tf_sxtb16_ror8(b3), tf_smlad(even, tf_sxtb16(b3), a3));
        total = tf_smlad(odd, 0x00010001u, tf_smlad(even, 0x00010001u, total));
    }
    for (; c < channels; c++) {
        a0 += w[c] * x[c];
        a1 += w[c] * x1[c];
        a2 += w[c] * x2[c];
        a3 += w[c] * x3[c];
        total += w[c];
    }
    acc[0] = a0;
    acc[1] = a1;
    acc[2] = a2;
    acc[3] = a3;
    return total;
}

static void score_pixels(const tf_window *win, const tf_requant *rq, const tf_weights *wt,
                         const tf_block blocks[TF_BLOCKS], const int8_t *x, int16_t *logits) {
    for (int32_t oc = 0; oc < win->out_c; oc++) {
        int32_t acc[PIXELS] = {0}, total = 0;
        for (int32_t b = 0; b < TF_BLOCKS; b++) {
            const int32_t channels = blocks[b].channels;
            if (channels > 0) {
                total += dot_pixels(channels, blocks[b].w + oc * channels, x + blocks[b].offset, win->in_c, acc);
            }
        }
        /* With the zero point taken off the sum is in range again, whatever it was before. */
        const uint32_t start = (uint32_t)wt->bias[oc] - (uint32_t)total * (uint32_t)win->in_zero_point;
        for (int32_t p = 0; p < PIXELS; p++) {
            logits[p * win->out_c + oc] = score(rq, oc, (int32_t)((uint32_t)acc[p] + start));
        }
    }
}
#endif

void tf_logits_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int16_t *logits) {
    int32_t left = win->out_h * win->out_w;
#if TF_DSP
    tf_block blocks[TF_BLOCKS];
    tf_blocks(blocks, win, wt);
    for (; left >= PIXELS; left -= PIXELS, x += PIXELS * win->in_c, logits += PIXELS * win->out_c) {
        score_pixels(win, rq, wt, blocks, x, logits);
    }
#endif
    for (; left > 0; left--, x += win->in_c, logits += win->out_c) {
        score_pixel(win, rq, wt, x, logits);
    }
}
