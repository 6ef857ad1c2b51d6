#ifndef TF_ATTENTION_H
#define TF_ATTENTION_H

#include "tf_arith.h"
#include "tf_dots.h"
#include "tf_kernels.h"

/* What the two passes of attention share, docs/NUMERICS.md section 12.2. */

/* One head. Step t has its q at q + t * step; k and v alike. */
typedef struct {
    const int8_t *q, *k, *v;
    int32_t steps, size, step, zero_point;
} tf_head;

static inline tf_head tf_head_of(const tf_window *win, const tf_attention *p, const int8_t *x, int32_t head) {
    const int32_t size = win->out_c / p->heads;
    const int8_t *q = x + head * size;
    const tf_head h = {q,    q + win->out_c, q + 2 * win->out_c, win->in_h * win->in_w,
                       size, 3 * win->out_c, win->in_zero_point};
    return h;
}

/* Steps that step t sees: 0 .. end - 1. */
static inline int32_t tf_seen_end(const tf_attention *p, const tf_head *h, int32_t t) {
    return p->causal ? t + 1 : h->steps;
}

/* How logits of a row become weights: the largest one, r and 16 + b. */
typedef struct {
    int32_t top;
    uint16_t factor;
    int16_t shift;
} tf_softmax_row;

/* p of a logit. */
int32_t tf_attention_weight(const tf_softmax_row *row, int32_t logit);

/* L of two vectors whose product is acc. */
static inline int32_t tf_attention_logit(const tf_attention *p, int32_t acc) {
    return (int32_t)tf_round_shift64((int64_t)acc * p->logit_m, p->logit_s);
}

/* weights: p of the first `seen` steps for one q; kept: int16 [size]. */
tf_softmax_row tf_attention_row(const tf_attention *p, const tf_head *h, const int8_t *q, int32_t seen,
                                int32_t *weights, int16_t *kept);

/* The result y [size] of one q that sees the first `seen` steps. scratch: 4 steps + 2 round4(size) bytes. */
void tf_attention_result(const tf_attention *p, const tf_head *h, const int8_t *q, int32_t seen, int32_t *scratch,
                         int8_t *y);

#endif
