#include "bare.h"
#include "bench_port.h"

/* The bench as the program of a bare machine. */

void program_run(void) { bench_run(); }

void program_fault(void) { bench_say("fault", bare_stack_bytes()); }

uint32_t bench_stack_bytes(void) { return bare_stack_bytes(); }
