#include "tf_attention.h"

void tf_attention_s8(const tf_window *win, const tf_attention *p, const int8_t *x, int8_t *y, void *scratch) {
    for (int32_t head = 0; head < p->heads; head++) {
        const tf_head h = tf_head_of(win, p, x, head);
        for (int32_t t = 0; t < h.steps; t++) {
            int8_t *result = y + t * win->out_c + head * h.size;
            tf_attention_result(p, &h, h.q + t * h.step, tf_seen_end(p, &h, t), scratch, result);
        }
    }
}
