#include <stdint.h>

/*
 * What Clang calls for 64-bit products and no library at hand has: the emulated cores lack the high half of a 32-bit
 * product, so it is put together from 16-bit halves. The empty assembly hides them, or Clang would recognise a 64-bit
 * product and call this very function.
 */
uint64_t __muldi3(uint64_t a, uint64_t b);

static uint32_t hidden(uint32_t value) {
    __asm("" : "+r"(value));
    return value;
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
    const uint32_t a_low = (uint32_t)a, b_low = (uint32_t)b;
    const uint32_t a0 = hidden(a_low & 0xFFFFu), a1 = hidden(a_low >> 16);
    const uint32_t b0 = hidden(b_low & 0xFFFFu), b1 = hidden(b_low >> 16);
    const uint32_t low = hidden(a0 * b0);
    const uint32_t first = hidden(a1 * b0 + (low >> 16));
    const uint32_t second = hidden(a0 * b1 + (first & 0xFFFFu));
    const uint32_t high = a1 * b1 + (first >> 16) + (second >> 16);
    const uint32_t crossed = a_low * (uint32_t)(b >> 32) + b_low * (uint32_t)(a >> 32);
    return ((uint64_t)(high + crossed) << 32) | ((second << 16) | (low & 0xFFFFu));
}
