#ifndef STRING_H
#define STRING_H

#include <stddef.h>

/* What device code uses of the C library, for compilers that come without one: memory.c. */
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memset(void *to, int value, size_t count);
void *memmove(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);

#endif
