#ifndef TF_MASK_H
#define TF_MASK_H

#include "tf_kernels.h"

/* Bytes of one row of an activation's mask. */
static inline uint32_t tf_mask_bytes(uint32_t elements) { return (elements + 7u) / 8u; }

#endif
