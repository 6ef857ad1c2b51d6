#include <stddef.h>

#include "board_port.h"
#include "nor_flash.h"
#include "ring.h"
#include "storage.h"

/* 16550 UART by interrupt (interrupt.S); CCOUNT as clock, and its comparator to wake up. */
#define UART(at) ((volatile uint8_t *)(uintptr_t)(0xFD050020u + 4u * (at)))
#define UART_DATA UART(0)
#define UART_ENABLE UART(1)
#define UART_FIFO UART(2)
#define UART_STATE UART(5)
#define UART_ARRIVED 1u /* of the state; the same bit enables the interrupt */
#define UART_EMPTY 0x20u
#define UART_FIFO_CLEAR 7u
#define INTERRUPT_UART (1u << 0)
#define INTERRUPT_COMPARATOR (1u << 6)
#define TICKS_PER_MS 40000u
#define LONGEST_SLEEP_MS 50000u /* CCOUNT wraps after 107 s, and somebody has to look before */

const uint32_t board_sector_bytes = NOR_SECTOR_BYTES;

extern ring xtensa_arrived;
ring xtensa_arrived;
_Static_assert(RING_BYTES == 512 && offsetof(ring, put) == 512 && offsetof(ring, got) == 516, "interrupt.S");

static uint32_t looked_at, looked_ms; /* CCOUNT at a whole millisecond, and which one */

static uint32_t ticks(void) {
    uint32_t value;
    __asm volatile("rsr %0, ccount" : "=r"(value));
    return value;
}

static void allow(uint32_t sources) { __asm volatile("wsr %0, intenable\n\trsync" ::"r"(sources) : "memory"); }

void board_open(void) {
    *UART_FIFO = UART_FIFO_CLEAR;
    *UART_ENABLE = UART_ARRIVED;
    (void)*UART_DATA; /* QEMU asks its host for bytes only after a read */
    looked_at = ticks();
    allow(INTERRUPT_UART);
}

int board_get(void) {
    const int byte = ring_get(&xtensa_arrived);
    if (byte < 0 && *UART_ENABLE == 0) {
        *UART_ENABLE = UART_ARRIVED; /* and what waits in the receiver arrives at once */
        return ring_get(&xtensa_arrived);
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

uint32_t board_now_ms(void) {
    const uint32_t passed = (ticks() - looked_at) / TICKS_PER_MS;
    looked_at += passed * TICKS_PER_MS;
    looked_ms += passed;
    return looked_ms;
}

/* With interrupts masked until the processor waits. */
void board_sleep(uint32_t most_ms) {
    const uint32_t ms = most_ms < LONGEST_SLEEP_MS ? most_ms : LONGEST_SLEEP_MS;
    const uint32_t wake_at = ticks() + ms * TICKS_PER_MS;
    if (ms == 0) {
        return;
    }
    __asm volatile("rsil a8, 15\n\twsr %0, ccompare0\n\trsync" ::"r"(wake_at) : "a8", "memory");
    allow(INTERRUPT_UART | INTERRUPT_COMPARATOR);
    if (ring_empty(&xtensa_arrived)) {
        __asm volatile("waiti 0" ::: "memory");
    }
    __asm volatile("rsil a8, 0\n\trsync" ::: "a8", "memory");
    allow(INTERRUPT_UART);
    (void)board_now_ms();
}

int board_storage_write(uint32_t at, const void *from, uint32_t n) { return nor_write(tf_storage, at, from, n); }

int board_storage_erase(uint32_t at) { return nor_erase(tf_storage, at); }
