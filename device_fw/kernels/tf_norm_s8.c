#include "tf_norm.h"
#include "tf_rows.h"

void tf_norm_s8(const tf_window *win, const tf_norm *norm, const tf_rows *x, const tf_rows_out *y, tf_span rows) {
    for (int32_t row = rows.first; row < rows.end; row++) {
        const int8_t *in = tf_row(x, row);
        int8_t *out = tf_row_out(y, row);
        for (int32_t column = 0; column < win->in_w; column++, in += win->in_c) {
            const tf_norm_pixel pixel = tf_norm_of(win, norm, in);
            for (int32_t c = 0; c < win->in_c; c++) {
                const int64_t share = (int64_t)tf_norm_deviation(win, &pixel, in[c]) * pixel.inverse;
                const int64_t xhat = tf_clamp64(tf_round_shift64(share, 21 + pixel.half), INT16_MIN, INT16_MAX);
                const int64_t scaled = tf_round_shift64(xhat * norm->m, norm->s) + norm->zero_point;
                *out++ = (int8_t)tf_clamp64(scaled, norm->lo, norm->hi);
            }
        }
    }
}
