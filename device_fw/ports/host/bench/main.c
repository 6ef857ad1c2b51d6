#include <stdio.h>

#include "bench_port.h"

/* The bench as a program of the host, for its digest; a host has neither a counter of instructions nor a bare stack. */

void bench_put(char c) { putchar(c); }
uint32_t bench_ticks(void) { return 0; }
uint32_t bench_stack_bytes(void) { return 0; }

int main(void) {
    bench_run();
    fflush(stdout);
    return 0;
}
