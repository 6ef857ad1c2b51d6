#ifndef CSR_H
#define CSR_H

#include <stdint.h>

/* Control and status registers of machine mode; their instructions are an extension of their own, so it is named here.
 */
#define CSR_INSTRUCTION(text) ".option push\n\t.option arch, +zicsr\n\t" text "\n\t.option pop"

#define CSR_EXTERNAL (1u << 11) /* of mie */
#define CSR_TIMER (1u << 7)
#define CSR_INTERRUPTS 8 /* of mstatus */

static inline void csr_trap_at(void (*handler)(void)) {
    __asm volatile(CSR_INSTRUCTION("csrw mtvec, %0")::"r"(handler));
}

static inline void csr_enable(uint32_t sources) { __asm volatile(CSR_INSTRUCTION("csrs mie, %0")::"r"(sources)); }

static inline void csr_interrupts_on(void) {
    __asm volatile(CSR_INSTRUCTION("csrsi mstatus, %0")::"i"(CSR_INTERRUPTS) : "memory");
}

static inline void csr_interrupts_off(void) {
    __asm volatile(CSR_INSTRUCTION("csrci mstatus, %0")::"i"(CSR_INTERRUPTS) : "memory");
}

#endif
