#include <stdint.h>

#include "bare_start.h"
#include "board.h"

/* Vector table and reset of the Cortex-M boards. */
extern uint32_t tf_stack_top[];

static void reset(void) {
    *board_register(0xE000ED88u) |= 0xFu << 20; /* CPACR: floating point and vector unit on */
    __asm volatile("dsb\n\tisb");
    bench_start();
}

typedef struct {
    const void *stack;
    void (*handlers[15])(void);
} vector_table;

__attribute__((section(".vectors"), used)) static const vector_table vectors = {
    tf_stack_top,
    {reset, bench_fault, bench_fault, bench_fault, bench_fault, bench_fault, bench_fault},
};
