/* Entry, window and exception vectors of an Xtensa core with register windows; literals stand before their code. */

    .section .vectors, "ax"
    .p2align 10
    .globl vectors
vectors:
    .org 0x000 /* window overflow and underflow by 4, 8 and 12 registers, as the architecture's manual has them */
    s32e a0, a5, -16
    s32e a1, a5, -12
    s32e a2, a5, -8
    s32e a3, a5, -4
    rfwo
    .org 0x040
    l32e a0, a5, -16
    l32e a1, a5, -12
    l32e a2, a5, -8
    l32e a3, a5, -4
    rfwu
    .org 0x080
    s32e a0, a9, -16
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo
    .org 0x0c0
    l32e a0, a9, -16
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu
    .org 0x100
    s32e a0, a13, -16
    l32e a0, a1, -12
    s32e a1, a13, -12
    s32e a2, a13, -8
    s32e a3, a13, -4
    s32e a4, a0, -48
    s32e a5, a0, -44
    s32e a6, a0, -40
    s32e a7, a0, -36
    s32e a8, a0, -32
    s32e a9, a0, -28
    s32e a10, a0, -24
    s32e a11, a0, -20
    rfwo
    .org 0x140
    l32e a0, a13, -16
    l32e a1, a13, -12
    l32e a2, a13, -8
    l32e a11, a1, -12
    l32e a3, a13, -4
    l32e a4, a11, -48
    l32e a5, a11, -44
    l32e a6, a11, -40
    l32e a7, a11, -36
    l32e a8, a11, -32
    l32e a9, a11, -28
    l32e a10, a11, -24
    l32e a11, a11, -20
    rfwu
    .org 0x300 /* kernel, user and double exception; an interrupt of level 1 is one of the user */
    j xtensa_fault
    .org 0x340
    wsr a2, excsave1
    j xtensa_interrupt
    .org 0x3c0
    j xtensa_fault

    .section .entry, "ax"
    .p2align 2
.Lstack_top:
    .long tf_stack_top
.Lvectors:
    .long vectors
.Lprocessor_state: /* register windows on, user mode, no interrupt masked */
    .long 0x00040020
.Lbare_start:
    .long bare_start
.Lbare_fault:
    .long bare_fault

    .weak xtensa_interrupt
xtensa_interrupt: /* a program that asks for none */
    j xtensa_fault

    .globl tf_entry
tf_entry:
    l32r a4, .Lbare_start
    j call_on_fresh_stack
    .globl xtensa_fault
xtensa_fault:
    l32r a4, .Lbare_fault
call_on_fresh_stack: /* the function in a4, which never returns */
    /* a4 is another register when the window moves */
    wsr a4, excsave1
    movi a2, 1
    wsr a2, windowstart
    movi a2, 0
    wsr a2, windowbase
    rsync
    /* A frame below one that does not exist: room and a stack pointer for what an overflow spills of it. */
    movi a0, 0
    l32r a2, .Lstack_top
    addi a1, a2, -32
    addi a3, a1, -16
    s32i a2, a3, 4
    l32r a2, .Lvectors
    wsr a2, vecbase
    l32r a2, .Lprocessor_state
    wsr a2, ps
    rsync
    movi a2, 255
    wsr a2, cpenable
    rsync
    rsr a4, excsave1
    callx8 a4

    .section .text.bench_ticks, "ax"
    .p2align 2
    .globl bench_ticks
bench_ticks:
    entry a1, 32
    rsr a2, ccount
    retw
