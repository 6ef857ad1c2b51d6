#include "tf_finish.h"

#define SHORT_BSH 14 /* up to here G_y + (G_x << bsh) fits a word: |G| < 2^15 */

/* rounds: whether bsh > 0; a constant. */
static inline uint32_t pass_short(int rounds, const tf_finish *finish, uint32_t count, const tf_grad *grad_y,
                                  tf_grad *grad_x) {
    const int32_t bsh = finish->bsh, half = rounds ? ((int32_t)1 << (bsh - 1)) - 1 : 0;
    const int32_t kept = finish->accumulate ? (int32_t)1 << bsh : 0;
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t v = grad_y[i] + grad_x[i] * kept;
        if (rounds) {
            v = tf_floor_shift32(v + half + (int32_t)((uint32_t)v >> bsh & 1u), bsh);
        }
        if ((uint32_t)(v + TF_GQ) > 2u * TF_GQ) {
            v = v < 0 ? -TF_GQ : TF_GQ;
            saturated++;
        }
        grad_x[i] = (tf_grad)v;
    }
    return saturated;
}

uint32_t tf_pass_grad(const tf_finish *finish, uint32_t count, const tf_grad *grad_y, tf_grad *grad_x) {
    if (finish->bsh == 0) {
        return pass_short(0, finish, count, grad_y, grad_x);
    }
    if (finish->bsh <= SHORT_BSH) {
        return pass_short(1, finish, count, grad_y, grad_x);
    }
    uint32_t saturated = 0;
    for (uint32_t i = 0; i < count; i++) {
        saturated += tf_finish_grad(finish, grad_y[i], &grad_x[i]);
    }
    return saturated;
}
