#include <string.h>

#include "tf_attention.h"

void tf_attention_step(const tf_window *win, const tf_attention *p, uint32_t t, const int8_t *x, int8_t *past,
                       int8_t *y, void *scratch) {
    const int32_t channels = win->out_c, size = channels / p->heads;
    memcpy(past + t * 2 * (uint32_t)channels, x + channels, 2 * (uint32_t)channels);
    for (int32_t head = 0; head < p->heads; head++) {
        const int8_t *k = past + head * size;
        const tf_head h = {0, k, k + channels, win->in_h * win->in_w, size, 2 * channels, win->in_zero_point};
        tf_attention_result(p, &h, x + head * size, (int32_t)t + 1, scratch, y + head * size);
    }
}
