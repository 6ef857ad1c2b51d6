#include "tf_arith.h"
#include "tf_kernels.h"

uint32_t tf_counter_base(uint32_t seed, uint32_t step, uint32_t op) {
    return tf_mix32(seed * 0x85ebca6bu + step * 0xc2b2ae35u + (op + 100u) * 0x27d4eb2fu);
}
