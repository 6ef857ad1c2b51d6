#include <stdint.h>
#include <string.h>

/*
 * By words where both ends are aligned, else by bytes. The empty assembly in the loops keeps compilers from seeing
 * memcpy or memset in them and calling these very functions.
 */
typedef uint32_t __attribute__((may_alias)) word;

#define WORD sizeof(word)
#define KEEP_LOOP() __asm volatile("")

static int aligned(const void *a, const void *b) { return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0; }

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the string.h of the machine that checks */
void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    unsigned char *out = to;
    const unsigned char *in = from;
    if (aligned(out, in)) {
        for (; count >= WORD; count -= WORD, out += WORD, in += WORD) {
            *(word *)(void *)out = *(const word *)(const void *)in;
            KEEP_LOOP();
        }
    }
    while (count-- > 0) {
        *out++ = *in++;
        KEEP_LOOP();
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    unsigned char *out = to;
    if (aligned(out, out)) {
        const word all = (uint32_t)(unsigned char)value * 0x01010101u;
        for (; count >= WORD; count -= WORD, out += WORD) {
            *(word *)(void *)out = all;
            KEEP_LOOP();
        }
    }
    while (count-- > 0) {
        *out++ = (unsigned char)value;
        KEEP_LOOP();
    }
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    unsigned char *out = to;
    const unsigned char *in = from;
    if (out <= in || out >= in + count) {
        return memcpy(to, from, count);
    }
    while (count-- > 0) {
        out[count] = in[count];
        KEEP_LOOP();
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t count) {
    const unsigned char *left = a, *right = b;
    for (; count > 0; count--, left++, right++) {
        if (*left != *right) {
            return *left - *right;
        }
        KEEP_LOOP();
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
        KEEP_LOOP();
    }
    return length;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
