#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The entry points by which libFuzzer calls a target. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops where a promise is broken; unlike assert() also with NDEBUG. */
#define MUST(promise) ((promise) ? (void)0 : __builtin_trap())

/* The rest of an input, taken from its front. */
typedef struct {
    const uint8_t *at;
    size_t left;
} fuzz_input;

/* The next byte, 0 past the end. */
static inline uint8_t fuzz_byte(fuzz_input *in) {
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

/* The next n bytes or what is left of them; *n becomes their number. */
static inline const uint8_t *fuzz_bytes(fuzz_input *in, size_t *n) {
    const uint8_t *bytes = in->at;
    *n = *n < in->left ? *n : in->left;
    in->at += *n;
    in->left -= *n;
    return bytes;
}

static inline uint32_t fuzz_half(fuzz_input *in) {
    const uint32_t low = fuzz_byte(in);
    return low | (uint32_t)fuzz_byte(in) << 8;
}

#endif
