#include <string.h>

#include "tf_rows.h"

void tf_save_input(const tf_window *win, const tf_rows *x, tf_span rows, int8_t *saved) {
    const uint32_t group = (uint32_t)win->in_c / win->groups;
    const int all = win->trained_in_c == 0 || win->groups == win->in_c || win->trained_in_c == group;
    const uint32_t kept = all ? win->in_c : (uint32_t)win->groups * win->trained_in_c;
    int8_t *to = saved + (uint32_t)rows.first * win->in_w * kept;
    for (int32_t r = rows.first; r < rows.end; r++) {
        const int8_t *row = tf_row(x, r);
        if (all) {
            memcpy(to, row, (uint32_t)win->in_w * win->in_c);
            to += (uint32_t)win->in_w * win->in_c;
            continue;
        }
        for (uint32_t k = 0; k < (uint32_t)win->in_w * win->groups; k++) {
            memcpy(to, row + k * group, win->trained_in_c);
            to += win->trained_in_c;
        }
    }
}
