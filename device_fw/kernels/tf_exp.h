#ifndef TF_EXP_H
#define TF_EXP_H

#include <stdint.h>

/* The exponential function of docs/NUMERICS.md section 3. */

#define TF_EXP_END 177

/* EX[d + 1] = 65536 exp(-(d + 1)/16), rounded; EX[0] = 65536 does not fit. */
extern const uint16_t TF_EXP[TF_EXP_END - 1];

static inline uint32_t tf_exp_q16(int32_t d) { return d == 0 ? 65536u : d < TF_EXP_END ? TF_EXP[d - 1] : 0u; }

#endif
