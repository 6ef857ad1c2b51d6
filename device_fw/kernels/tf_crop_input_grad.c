#include "tf_finish.h"

uint32_t tf_crop_input_grad(const tf_crop *p, const tf_finish *finish, const tf_grad *grad_y, tf_grad *grad_x) {
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < p->in_pixels; i++) {
        for (uint32_t c = 0; c < p->in_channels; c++, grad_x++) {
            /* what lies before the block wraps around and so lies outside it */
            const int inside = i - p->first < p->pixels && c - p->first_channel < p->channels;
            saturated += tf_finish_grad(finish, inside ? *grad_y++ : 0, grad_x);
        }
    }
    return saturated;
}
