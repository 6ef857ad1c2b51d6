#include "tf_attention.h"
#include "tf_finish.h"

/* A row that is computed again by columns: its softmax and A. */
typedef struct {
    tf_softmax_row softmax;
    int32_t mean;
} row_state;

/* The gradients of one head; those of q, k and v of a step lie as their values do. */
typedef struct {
    const tf_attention *p;
    const tf_attention_grad *ag;
    const tf_head *h;
    const tf_grad *grad_y; /* of step t at t * channels */
    int32_t channels;
    tf_grad *grad_q, *grad_k, *grad_v;
    row_state *rows;                /* [T] */
    int32_t *weights, *score_grads; /* [T] each */
    int16_t *kept, *kept_too;       /* [size] each */
} head_grads;

static int32_t score_grad(const head_grads *g, int32_t weight, int32_t difference) {
    return (int32_t)tf_round_shift64((int64_t)weight * difference, g->ag->score_shift);
}

/* The sum over n steps of s[j] (x[j][c] - zero_point), for one channel. */
static int64_t score_sum(int32_t n, const int32_t *s, const int8_t *x, int32_t step, int32_t zero_point) {
    int64_t sum = 0;
    for (int32_t j = 0; j < n; j++, x += step) {
        sum += (int64_t)s[j] * (*x - zero_point);
    }
    return sum;
}

/* Finishes the gradient of one q or k from s, dS of the n steps whose others begin at x. */
static uint32_t put_score_grads(const head_grads *g, int32_t n, const int32_t *s, const int8_t *x, tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (int32_t c = 0; c < g->h->size; c++) {
        const int64_t sum = score_sum(n, s, x + c, g->h->step, g->h->zero_point);
        saturated += tf_finish_grad(&g->ag->finish, sum * g->ag->gm, &grad_x[c]);
    }
    return saturated;
}

/* Row t: its state and the gradient of q. */
static uint32_t query_grads(const head_grads *g, int32_t t) {
    const tf_head *h = g->h;
    const int32_t end = tf_seen_end(g->p, h, t);
    row_state *row = &g->rows[t];
    row->softmax = tf_attention_row(g->p, h, h->q + t * h->step, end, g->weights, g->kept);
    const int32_t offset = h->zero_point * tf_dots_keep_grad(h->size, g->grad_y + t * g->channels, g->kept);
    int64_t mean = 0;
    for (int32_t j = 0; j < end; j++) {
        g->score_grads[j] = tf_dot(h->size, g->kept, h->v + j * h->step) - offset;
        mean += (int64_t)g->weights[j] * g->score_grads[j];
    }
    row->mean = (int32_t)tf_round_shift64(mean, 15);
    for (int32_t j = 0; j < end; j++) {
        g->score_grads[j] = score_grad(g, g->weights[j], g->score_grads[j] - row->mean);
    }
    return put_score_grads(g, end, g->score_grads, h->k, g->grad_q + t * h->step);
}

/* The gradient of one v from the weights that the n steps from `first` on have for it. */
static uint32_t put_value_grads(const head_grads *g, int32_t n, int32_t first, tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (int32_t c = 0; c < g->h->size; c++) {
        const tf_grad *grad = g->grad_y + first * g->channels + c;
        int64_t sum = 0;
        for (int32_t i = 0; i < n; i++, grad += g->channels) {
            sum += (int64_t)g->weights[i] * *grad;
        }
        saturated += tf_finish_grad(&g->ag->finish, tf_round_shift64(sum, g->ag->value_shift), &grad_x[c]);
    }
    return saturated;
}

/* Column j: the gradients of k and v. */
static uint32_t key_grads(const head_grads *g, int32_t j) {
    const tf_head *h = g->h;
    const int32_t first = g->p->causal ? j : 0, n = h->steps - first;
    const int32_t offset = h->zero_point * tf_dots_keep(h->size, h->k + j * h->step, h->zero_point, g->kept);
    tf_dots_keep(h->size, h->v + j * h->step, h->zero_point, g->kept_too);
    for (int32_t i = 0; i < n; i++) {
        const int32_t t = first + i;
        const int32_t acc = tf_dot(h->size, g->kept, h->q + t * h->step) - offset;
        const int32_t weight = tf_attention_weight(&g->rows[t].softmax, tf_attention_logit(g->p, acc));
        const int32_t change = tf_dot_grad(h->size, g->kept_too, g->grad_y + t * g->channels);
        g->weights[i] = weight;
        g->score_grads[i] = score_grad(g, weight, change - g->rows[t].mean);
    }
    return put_score_grads(g, n, g->score_grads, h->q + first * h->step, g->grad_k + j * h->step) +
           put_value_grads(g, n, first, g->grad_v + j * h->step);
}

uint32_t tf_attention_input_grad(const tf_window *win, const tf_attention *p, const tf_attention_grad *ag,
                                 const int8_t *x, const tf_grad *grad_y, tf_grad *grad_x, void *scratch) {
    uint32_t saturated = 0;
    for (int32_t head = 0; head < p->heads; head++) {
        const tf_head h = tf_head_of(win, p, x, head);
        tf_grad *grad_q = grad_x + head * h.size;
        row_state *rows = scratch;
        int32_t *weights = (int32_t *)(rows + h.steps);
        int16_t *kept = (int16_t *)(weights + 2 * h.steps);
        const head_grads g = {p,
                              ag,
                              &h,
                              grad_y + head * h.size,
                              win->out_c,
                              grad_q,
                              grad_q + win->out_c,
                              grad_q + 2 * win->out_c,
                              rows,
                              weights,
                              weights + h.steps,
                              kept,
                              kept + (h.size + 3) / 4 * 4};
        for (int32_t t = 0; t < h.steps; t++) {
            saturated += query_grads(&g, t);
        }
        for (int32_t j = 0; j < h.steps; j++) {
            saturated += key_grads(&g, j);
        }
    }
    return saturated;
}
