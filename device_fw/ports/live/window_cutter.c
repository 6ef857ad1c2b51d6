#include "window_cutter.h"

#include <string.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through the struct */
void window_cutter_init(window_cutter *c, int8_t *window, uint32_t rows, uint32_t channels, uint32_t hop) {
    *c = (window_cutter){.window = window, .rows = rows, .channels = channels, .hop = hop};
}

/* Makes room in a complete window: the samples that the next one shares with it move to the front. */
static void move_on(window_cutter *c) {
    const uint32_t shared = c->hop < c->rows ? c->rows - c->hop : 0;
    memmove(c->window, c->window + (size_t)(c->rows - shared) * c->channels, (size_t)shared * c->channels);
    c->have = shared;
    c->skip = c->hop > c->rows ? c->hop - c->rows : 0;
}

int window_cutter_take(window_cutter *c, const int8_t *sample) {
    if (c->have == c->rows) {
        move_on(c);
    }
    if (c->skip > 0) {
        c->skip--;
        return 0;
    }
    memcpy(c->window + (size_t)c->have * c->channels, sample, c->channels);
    c->have++;
    return c->have == c->rows;
}
