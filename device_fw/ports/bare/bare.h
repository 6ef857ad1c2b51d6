#ifndef BARE_H
#define BARE_H

#include <stdint.h>

/* A program on a bare machine: who calls whom. */

/* ---- by start.c, called by the board's entry ---- */
_Noreturn void bare_start(void); /* on a fresh stack: prepares memory, runs the program, stops the machine */
_Noreturn void bare_fault(void); /* on any stack: lets the program say so, stops the machine */
uint32_t bare_stack_bytes(void); /* the most stack in use since reset; all of it if it was too small */

/* ---- by the program ---- */
void program_run(void);
void program_fault(void); /* the processor has met what it cannot do; the program does not go on */

/* ---- by the board ---- */
void board_end(void); /* stops the machine */

#endif
