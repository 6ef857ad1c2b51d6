#include "tf_finish.h"
#include "tf_norm.h"

/* A and the sum of g u. */
typedef struct {
    int32_t grads;
    int64_t products;
} sums;

static sums sums_of(const tf_window *win, const int8_t *x, const tf_grad *grad_y) {
    sums total = {0, 0};
    for (int32_t c = 0; c < win->in_c; c++) {
        total.grads += grad_y[c];
        total.products += grad_y[c] * (x[c] - win->in_zero_point);
    }
    return total;
}

static uint32_t pixel_grad(const tf_window *win, const tf_norm *norm, const tf_norm_grad *ng, const int8_t *x,
                           const tf_grad *grad_y, tf_grad *grad_x) {
    const tf_norm_pixel pixel = tf_norm_of(win, norm, x);
    const sums total = sums_of(win, x, grad_y);
    const int64_t gd = total.products * win->in_c - (int64_t)pixel.sum * total.grads;
    const int64_t b = tf_round_shift64(gd * pixel.inverse, 26 + pixel.half);
    const int32_t q = (int32_t)tf_round_shift64(b * pixel.inverse, 16);
    const int32_t factor = (int32_t)tf_round_shift64((int64_t)pixel.inverse * ng->gm, 15);
    const int32_t mean = norm->centred ? total.grads : 0;
    uint32_t saturated = 0;
    for (int32_t c = 0; c < win->in_c; c++) {
        const int64_t share = (int64_t)tf_norm_deviation(win, &pixel, x[c]) * q;
        const int64_t t = grad_y[c] * win->in_c - mean - tf_round_shift64(share, 20 + pixel.half);
        saturated += tf_finish_grad(&ng->finish, tf_round_shift64(t * factor, pixel.half - ng->half), &grad_x[c]);
    }
    return saturated;
}

uint32_t tf_norm_input_grad(const tf_window *win, const tf_norm *norm, const tf_norm_grad *ng, const int8_t *x,
                            const tf_grad *grad_y, tf_grad *grad_x) {
    const int32_t pixels = win->in_h * win->in_w;
    uint32_t saturated = 0;
    for (int32_t i = 0; i < pixels; i++) {
        const int32_t at = i * win->in_c;
        saturated += pixel_grad(win, norm, ng, x + at, grad_y + at, grad_x + at);
    }
    return saturated;
}
