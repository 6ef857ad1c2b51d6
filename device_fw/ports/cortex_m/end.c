#include "bare.h"
#include "board.h"

#define UART_STATE 0x4u
#define UART_FULL 1u
#define AIRCR 0xE000ED0Cu
#define AIRCR_RESET 0x05FA0004u

/* Lets the last byte leave; then a reset, at which the emulator ends. */
void board_end(void) {
    while ((*board_register(BOARD_UART + UART_STATE) & UART_FULL) != 0) {
    }
    *board_register(AIRCR) = AIRCR_RESET;
    for (;;) {
    }
}
