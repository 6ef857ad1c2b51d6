#include "bare.h"
#include "board_port.h"
#include "csr.h"
#include "ring.h"

/* 16550 UART by interrupt through the PLIC; the CLINT's clock of 10 MHz, and its comparator to wake up. */
#define UART(at) ((volatile uint8_t *)(uintptr_t)(0x10000000u + (at)))
#define UART_DATA UART(0)
#define UART_ENABLE UART(1)
#define UART_FIFO UART(2)
#define UART_STATE UART(5)
#define UART_ARRIVED 1u /* of the state; the same bit enables the interrupt */
#define UART_EMPTY 0x20u
#define UART_FIFO_CLEAR 7u /* on, both directions cleared, an interrupt from the first byte on */
#define WORD(at) ((volatile uint32_t *)(uintptr_t)(at))
#define PLIC_UART 10u
#define PLIC_PRIORITY WORD(0x0C000000u + 4u * PLIC_UART)
#define PLIC_ENABLE WORD(0x0C002000u)
#define PLIC_THRESHOLD WORD(0x0C200000u)
#define PLIC_CLAIM WORD(0x0C200004u)
#define CLINT_COMPARE_LOW WORD(0x02004000u)
#define CLINT_COMPARE_HIGH WORD(0x02004004u)
#define CLINT_TIME_LOW WORD(0x0200BFF8u)
#define CLINT_TIME_HIGH WORD(0x0200BFFCu)
#define TICKS_PER_MS 10000u
#define LONGEST_SLEEP_MS 60000u
#define CAUSE_INTERRUPT 0x80000000u
#define CAUSE_TIMER 7u

void rv32_trap(void);                /* trap.S; calls the next */
void rv32_interrupt(uint32_t cause); /* mcause */

static ring arrived;

static uint64_t ticks(void) {
    uint32_t high = *CLINT_TIME_HIGH;
    for (;;) {
        const uint32_t low = *CLINT_TIME_LOW, again = *CLINT_TIME_HIGH;
        if (again == high) {
            return ((uint64_t)high << 32) | low;
        }
        high = again;
    }
}

static void wake_at(uint64_t time) {
    *CLINT_COMPARE_HIGH = UINT32_MAX; /* no moment between the halves */
    *CLINT_COMPARE_LOW = (uint32_t)time;
    *CLINT_COMPARE_HIGH = (uint32_t)(time >> 32);
}

/* Leaves what finds no place in the receiver, and its interrupt off, until there is room. */
static void take_bytes(void) {
    while ((*UART_STATE & UART_ARRIVED) != 0) {
        if (ring_full(&arrived)) {
            *UART_ENABLE = 0;
            return;
        }
        ring_put(&arrived, *UART_DATA);
    }
}

void rv32_interrupt(uint32_t cause) {
    if ((cause & CAUSE_INTERRUPT) == 0) {
        bare_fault();
    }
    if (cause == (CAUSE_INTERRUPT | CAUSE_TIMER)) {
        wake_at(UINT64_MAX);
        return;
    }
    const uint32_t source = *PLIC_CLAIM;
    take_bytes();
    *PLIC_CLAIM = source;
}

void board_open(void) {
    csr_trap_at(rv32_trap);
    wake_at(UINT64_MAX);
    *UART_FIFO = UART_FIFO_CLEAR;
    *UART_ENABLE = UART_ARRIVED;
    *PLIC_PRIORITY = 1;
    *PLIC_ENABLE = 1u << PLIC_UART;
    *PLIC_THRESHOLD = 0;
    csr_enable(CSR_EXTERNAL | CSR_TIMER);
    csr_interrupts_on();
}

int board_get(void) {
    const int byte = ring_get(&arrived);
    if (byte < 0 && *UART_ENABLE == 0) {
        csr_interrupts_off();
        *UART_ENABLE = UART_ARRIVED;
        take_bytes();
        csr_interrupts_on();
        return ring_get(&arrived);
    }
    return byte;
}

int board_put(uint8_t byte) {
    if ((*UART_STATE & UART_EMPTY) == 0) {
        return 0;
    }
    *UART_DATA = byte;
    return 1;
}

uint32_t board_now_ms(void) { return (uint32_t)(ticks() / TICKS_PER_MS); }

void board_sleep(uint32_t most_ms) {
    const uint32_t ms = most_ms < LONGEST_SLEEP_MS ? most_ms : LONGEST_SLEEP_MS;
    wake_at(ticks() + (uint64_t)ms * TICKS_PER_MS);
    csr_interrupts_off(); /* a byte that comes before wfi wakes it all the same */
    if (ring_empty(&arrived)) {
        __asm volatile("wfi" ::: "memory");
    }
    csr_interrupts_on();
}
