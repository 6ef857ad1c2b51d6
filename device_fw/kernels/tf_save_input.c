#include "tf_block.h"
#include "tf_copy.h"
#include "tf_rows.h"

void tf_save_input(const tf_window *win, const tf_rows *x, tf_span rows, int8_t *saved) {
    const int32_t pieces = win->in_w * win->groups; /* of a row, one for each pixel and group */
    const int32_t piece = tf_group_in_c(win);
    const int32_t kept = win->trained_in_c;
    saved += rows.first * pieces * kept;
    for (int32_t r = rows.first; r < rows.end; r++) {
        const int8_t *row = tf_row(x, r);
        for (int32_t p = 0; p < pieces; p++) {
            saved = tf_copy(row, kept, saved);
            row += piece;
        }
    }
}
