#include <stdint.h>

#include "bare.h"
#include "board.h"

/* Vector table and reset of the Cortex-M boards. */
extern uint32_t tf_stack_top[];

static void reset(void) {
    *board_register(0xE000ED88u) |= 0xFu << 20; /* CPACR: floating point and vector unit on */
    __asm volatile("dsb\n\tisb");
    bare_start();
}

/* A program without interrupts has none of them. */
__attribute__((weak)) void board_uart_interrupt(void);
__attribute__((weak)) void board_tick_interrupt(void);

typedef struct {
    const void *stack;
    void (*handlers[15])(void);
    void (*interrupts[BOARD_UART_IRQ + 1])(void);
} vector_table;

__attribute__((section(".vectors"), used)) static const vector_table vectors = {
    tf_stack_top,
    {reset, bare_fault, bare_fault, bare_fault, bare_fault, bare_fault, bare_fault, [14] = board_tick_interrupt},
    {[BOARD_UART_IRQ] = board_uart_interrupt},
};
