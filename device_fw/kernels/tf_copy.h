#ifndef TF_COPY_H
#define TF_COPY_H

#include <stdint.h>
#include <string.h>

/* Both return the end of what they wrote. */

/* Copies n bytes; no call for a few. */
static inline int8_t *tf_copy(const int8_t *from, int32_t n, int8_t *to) {
    for (; n >= 4; n -= 4, from += 4, to += 4) {
        memcpy(to, from, 4);
    }
    while (n-- > 0) {
        *to++ = *from++;
    }
    return to;
}

static inline int8_t *tf_fill(int8_t value, int32_t n, int8_t *to) {
    while (n-- > 0) {
        *to++ = value;
    }
    return to;
}

#endif
