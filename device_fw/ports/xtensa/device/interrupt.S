/*
 * Interrupts of level 1: bytes of the UART into the ring that port.c reads, and the comparator that ends a sleep. Called
 * with windows' exceptions off, so a2 to a7 are saved by hand; one at a time, so in one place.
 */
#define UART_DATA 0
#define UART_ENABLE 4
#define UART_STATE 20
#define RING_PUT 512
#define RING_GOT 516
#define RING_FULL_BIT 9 /* of the bytes in the ring, which has 2^9 */
#define COMPARATOR 6

    .section .bss.saved, "aw", @nobits
    .p2align 2
saved:
    .space 20

    .section .entry, "ax"
    .p2align 2
.Lsaved:
    .long saved
.Luart:
    .long 0xFD050020
.Lring:
    .long xtensa_arrived

    .globl xtensa_interrupt
xtensa_interrupt: /* a2 is in excsave1; cause 4 is an interrupt */
    rsr a2, exccause
    bnei a2, 4, not_an_interrupt
    l32r a2, .Lsaved
    s32i a3, a2, 0
    s32i a4, a2, 4
    s32i a5, a2, 8
    s32i a6, a2, 12
    s32i a7, a2, 16
    rsr a3, interrupt
    bbci a3, COMPARATOR, take
    /* writing it takes the interrupt back */
    rsr a3, ccompare0
    wsr a3, ccompare0
take:
    l32r a3, .Luart
    l32r a4, .Lring
next:
    memw
    l8ui a5, a3, UART_STATE
    bbci a5, 0, done
    l32i a5, a4, RING_PUT
    l32i a6, a4, RING_GOT
    sub a6, a5, a6
    bbsi a6, RING_FULL_BIT, full
    extui a6, a5, 0, RING_FULL_BIT
    add a6, a4, a6
    l8ui a7, a3, UART_DATA
    s8i a7, a6, 0
    addi a5, a5, 1
    s32i a5, a4, RING_PUT
    j next
full: /* what finds no place stays in the receiver, and its interrupt off, until there is room */
    movi a5, 0
    s8i a5, a3, UART_ENABLE
    memw
done:
    l32i a3, a2, 0
    l32i a4, a2, 4
    l32i a5, a2, 8
    l32i a6, a2, 12
    l32i a7, a2, 16
    rsr a2, excsave1
    rfe
not_an_interrupt:
    j xtensa_fault
