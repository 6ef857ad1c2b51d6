#ifndef TF_LANES_H
#define TF_LANES_H

#include <stdint.h>

/* Kernels sum over taps or pixels for so many neighbouring channels at once: 128 bytes of stack. */
#define TF_LANES 32

/* Channels from `done` on that fit. */
static inline int32_t tf_lanes(int32_t channels, int32_t done) {
    return channels - done < TF_LANES ? channels - done : TF_LANES;
}

static inline void tf_lanes_clear(int32_t acc[TF_LANES]) {
    for (int32_t i = 0; i < TF_LANES; i++) {
        acc[i] = 0;
    }
}

#endif
