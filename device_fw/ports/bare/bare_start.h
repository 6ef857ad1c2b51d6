#ifndef BARE_START_H
#define BARE_START_H

/* What the entry of a bare machine calls. */

_Noreturn void bench_start(void); /* on a fresh stack: prepares memory, runs the bench, stops the machine */
_Noreturn void bench_fault(void); /* says so, with the stack in use, and stops the machine */

#endif
