#ifndef TF_COPY_H
#define TF_COPY_H

#include <stdint.h>
#include <string.h>

/* Both return the end of what they wrote. */

/* Copies n bytes by words, the last one perhaps over part of the one before; no call, for there are few. */
static inline int8_t *tf_copy(const int8_t *from, int32_t n, int8_t *to) {
    int8_t *const end = to + n;
    if (n < 4) {
        while (to != end) {
            *to++ = *from++;
        }
        return end;
    }
    const int8_t *const last = from + n - 4;
    memcpy(to, from, 4);
    if (n > 8) {
        memcpy(to + 4, from + 4, 4);
        for (int32_t i = 8; i < n - 4; i += 4) {
            memcpy(to + i, from + i, 4);
        }
    }
    memcpy(end - 4, last, 4);
    return end;
}

static inline int8_t *tf_fill(int8_t value, int32_t n, int8_t *to) {
    while (n-- > 0) {
        *to++ = value;
    }
    return to;
}

#endif
