#include <string.h>

#include "tf_kernels.h"

void tf_crop_s8(const tf_crop *p, const int8_t *x, int8_t *y) {
    const int8_t *from = x + (uint32_t)p->first * p->in_channels + p->first_channel;
    for (uint32_t i = 0; i < p->pixels; i++) {
        memcpy(y + i * p->channels, from + i * p->in_channels, p->channels);
    }
}
