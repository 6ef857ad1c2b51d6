#ifndef TF_NAKED_H
#define TF_NAKED_H

/*
 * A function whose whole body is Armv7E-M assembly, for loops that need every register. Arguments arrive in r0 to r3,
 * the fifth on the stack; the assembly saves r4 to r11 and lr itself. GCC looks into a function for registers that its
 * callers need not save and finds none used here: noipa keeps it from looking.
 */
#ifdef __clang__
#define TF_NAKED __attribute__((naked))
#else
#define TF_NAKED __attribute__((naked, noipa))
#endif

/* An argument that only the assembly reads. */
#define TF_UNREAD __attribute__((unused))

#endif
