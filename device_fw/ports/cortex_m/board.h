#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Where the devices of Arm's MPS2 and MPS3 boards are: the compiler's options say which. */
#ifdef BOARD_MPS3
#define BOARD_UART 0x59303000u /* the secure aliases, in which the processor starts */
#define BOARD_FPGAIO 0x59302000u
#define BOARD_UART_IRQ 33u /* its receiver */
#define BOARD_HZ 32000000u
#define BOARD_FPGAIO_HZ 20000000u
#else
#define BOARD_UART 0x40004000u
#define BOARD_FPGAIO 0x40028000u
#define BOARD_UART_IRQ 0u
#define BOARD_HZ 25000000u
#define BOARD_FPGAIO_HZ 25000000u
#endif

static inline volatile uint32_t *board_register(uintptr_t address) { return (volatile uint32_t *)address; }

#endif
