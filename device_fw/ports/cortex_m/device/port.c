#include "board_port.h"

#include "board.h"
#include "ring.h"

/* CMSDK UART by interrupt, FPGAIO's counter in milliseconds, SysTick to wake up. */
#define UART_DATA 0x0u
#define UART_STATE 0x4u
#define UART_CONTROL 0x8u
#define UART_INTERRUPT 0xCu
#define UART_DIVIDER 0x10u
#define UART_FULL 1u    /* of the state: the transmitter */
#define UART_ARRIVED 2u /* of the state, and of the interrupt */
#define UART_TRANSMIT 1u
#define UART_RECEIVE 2u
#define UART_RECEIVE_INTERRUPT 8u
#define FPGAIO_COUNTER 0x18u
#define FPGAIO_PRESCALE 0x1Cu
#define SYSTICK_CONTROL 0xE000E010u
#define SYSTICK_RELOAD 0xE000E014u
#define SYSTICK_VALUE 0xE000E018u
#define SYSTICK_RUN 7u          /* by the processor's clock, with interrupt */
#define SYSTICK_MOST 0xFFFFFFu  /* it has 24 bits */
#define NVIC_ENABLE 0xE000E100u /* 32 interrupts a word */

void board_uart_interrupt(void); /* by start.c's table */
void board_tick_interrupt(void);

static ring arrived;

static volatile uint32_t *uart(uintptr_t at) { return board_register(BOARD_UART + at); }

void board_open(void) {
    *board_register(BOARD_FPGAIO + FPGAIO_PRESCALE) = BOARD_FPGAIO_HZ / 1000u - 1u;
    *uart(UART_DIVIDER) = 16;
    *uart(UART_CONTROL) = UART_TRANSMIT | UART_RECEIVE | UART_RECEIVE_INTERRUPT;
    (void)*uart(UART_DATA); /* QEMU asks its host for bytes only after a read */
    *board_register(NVIC_ENABLE + 4u * (BOARD_UART_IRQ / 32u)) = 1u << (BOARD_UART_IRQ % 32u);
}

/* Leaves what finds no place in the receiver, and its interrupt off, until there is room. */
void board_uart_interrupt(void) {
    *uart(UART_INTERRUPT) = UART_ARRIVED;
    while ((*uart(UART_STATE) & UART_ARRIVED) != 0) {
        if (ring_full(&arrived)) {
            *uart(UART_CONTROL) = UART_TRANSMIT | UART_RECEIVE;
            return;
        }
        ring_put(&arrived, (uint8_t)*uart(UART_DATA));
    }
}

void board_tick_interrupt(void) {}

int board_get(void) {
    const int byte = ring_get(&arrived);
    if (byte < 0 && (*uart(UART_CONTROL) & UART_RECEIVE_INTERRUPT) == 0) {
        *uart(UART_CONTROL) = UART_TRANSMIT | UART_RECEIVE | UART_RECEIVE_INTERRUPT;
        __asm volatile("cpsid i" ::: "memory");
        board_uart_interrupt();
        __asm volatile("cpsie i" ::: "memory");
        return ring_get(&arrived);
    }
    return byte;
}

int board_put(uint8_t byte) {
    if ((*uart(UART_STATE) & UART_FULL) != 0) {
        return 0;
    }
    *uart(UART_DATA) = byte;
    return 1;
}

uint32_t board_now_ms(void) { return *board_register(BOARD_FPGAIO + FPGAIO_COUNTER); }

void board_sleep(uint32_t most_ms) {
    const uint32_t most_ticks = SYSTICK_MOST / (BOARD_HZ / 1000u);
    const uint32_t ms = most_ms < most_ticks ? most_ms : most_ticks;
    if (ms == 0) {
        return;
    }
    *board_register(SYSTICK_RELOAD) = ms * (BOARD_HZ / 1000u) - 1u;
    *board_register(SYSTICK_VALUE) = 0;
    *board_register(SYSTICK_CONTROL) = SYSTICK_RUN;
    __asm volatile("cpsid i" ::: "memory"); /* a byte that comes before wfi wakes it all the same */
    if (ring_empty(&arrived)) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i\n\tisb" ::: "memory");
    *board_register(SYSTICK_CONTROL) = 0;
}
