#include "fragments.h"

#include <string.h>

void fragments_begin(fragments *f, uint32_t total) {
    f->have = 0;
    f->total = total <= TF_MESSAGE_BYTES ? total : 0;
}

uint32_t fragments_take(fragments *f, const uint8_t *piece, uint32_t n, uint32_t at) {
    if (at != f->have || n > f->total - f->have) {
        f->have = f->total = 0;
        return 0;
    }
    memcpy(f->bytes + at, piece, n);
    f->have += n;
    if (f->have < f->total || f->total == 0) {
        return 0;
    }
    f->total = f->have = 0;
    return at + n;
}
