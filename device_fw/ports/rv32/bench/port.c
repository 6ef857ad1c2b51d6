#include "bench_port.h"

/* The 16550 UART of QEMU's virt machine. */
#define UART_DATA ((volatile uint8_t *)(uintptr_t)0x10000000u)
#define UART_STATE ((volatile uint8_t *)(uintptr_t)0x10000005u)
#define UART_EMPTY 0x20u

void bench_put(char c) {
    while ((*UART_STATE & UART_EMPTY) == 0) {
    }
    *UART_DATA = (uint8_t)c;
}
