#ifndef BENCH_PORT_H
#define BENCH_PORT_H

#include <stdint.h>

/*
 * What a board gives to the bench, and the bench to a board. On a bare machine the entry sets the stack pointer to
 * tf_stack_top and calls bare_start (ports/bare); on a host, main calls bench_run.
 */

/* ---- by the board ---- */
void bench_put(char c);     /* to the line that the host reads; may wait */
uint32_t bench_ticks(void); /* a free running counter; tinyfl/boards knows how many ticks an instruction takes */

/* ---- by bench.c ---- */
void bench_run(void);                             /* trains, says what it measured, returns */
void bench_say(const char *name, uint32_t value); /* one line */

/* ---- by bare/program.c; a host says 0 ---- */
uint32_t bench_stack_bytes(void); /* the most stack in use since reset; all of it if it was too small */

#endif
