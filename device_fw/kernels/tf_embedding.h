#ifndef TF_EMBEDDING_H
#define TF_EMBEDDING_H

#include "tf_kernels.h"

/* The row of a token; an unknown one has the last. */
static inline uint32_t tf_token(const tf_embedding *p, int8_t x) {
    const uint32_t token = (uint32_t)(x + 128);
    return token < p->tokens ? token : p->tokens - 1u;
}

#endif
