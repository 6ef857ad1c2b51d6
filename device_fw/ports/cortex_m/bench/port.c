#include "bench_port.h"
#include "board.h"

/* CMSDK UART and FPGAIO. */
#define UART_DATA 0x0u
#define UART_STATE 0x4u
#define UART_CONTROL 0x8u
#define UART_DIVIDER 0x10u
#define UART_TRANSMIT 1u
#define UART_FULL 1u
#define FPGAIO_COUNTER 0x18u
#define FPGAIO_PRESCALE 0x1Cu

void bench_put(char c) {
    *board_register(BOARD_UART + UART_DIVIDER) = 16;
    *board_register(BOARD_UART + UART_CONTROL) = UART_TRANSMIT;
    while ((*board_register(BOARD_UART + UART_STATE) & UART_FULL) != 0) {
    }
    *board_register(BOARD_UART + UART_DATA) = (uint8_t)c;
}

/* Counts at half the board's clock. */
__attribute__((noinline)) uint32_t bench_ticks(void) {
    *board_register(BOARD_FPGAIO + FPGAIO_PRESCALE) = 1;
    return *board_register(BOARD_FPGAIO + FPGAIO_COUNTER);
}
