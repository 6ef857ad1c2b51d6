#ifndef TF_GATES_H
#define TF_GATES_H

#include "tf_arith.h"

/* Section 11.1 of docs/NUMERICS.md. Arguments in Q11, any that twice of it fits; results in Q15. */

#define TF_ONE 32768

/* SIG(x): 11 .. 32757 */
int32_t tf_sigma(int32_t x);

/* TANH(x) */
static inline int32_t tf_tanh(int32_t x) {
    int32_t one = TF_ONE;
#ifdef __xtensa__
    __asm__("" : "+r"(one)); /* LLVM cannot select its negative as a constant */
#endif
    return 2 * tf_sigma(2 * x) - one;
}

/* RS(v f, 15) */
static inline int64_t tf_times(int64_t v, int32_t factor) { return tf_round_shift64(v * factor, 15); }

/* Slope of SIG where its value is gate. */
static inline int32_t tf_bell(int32_t gate) { return (int32_t)tf_times(gate, TF_ONE - gate); }

/* Slope of TANH where its value is value. */
static inline int32_t tf_hump(int32_t value) { return TF_ONE - (int32_t)tf_times(value, value); }

#endif
