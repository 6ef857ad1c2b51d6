#include "bench_port.h"

/* The 16550 UART of the KC705 and the reset register of its FPGA. */
#define UART_DATA ((volatile uint8_t *)(uintptr_t)0xFD050020u)
#define UART_STATE ((volatile uint8_t *)(uintptr_t)0xFD050034u)
#define UART_EMPTY 0x20u
#define FPGA_RESET ((volatile uint32_t *)(uintptr_t)0xFD020010u)
#define FPGA_RESET_NOW 0xDEADu

void bench_put(char c) {
    while ((*UART_STATE & UART_EMPTY) == 0) {
    }
    *UART_DATA = (uint8_t)c;
}

/* A reset, at which the emulator ends. */
void bench_end(void) { *FPGA_RESET = FPGA_RESET_NOW; }
