/* Entry, trap and counter of a RISC-V core in machine mode. */
    .option arch, +zicsr

    .section .entry, "ax"
    .globl tf_entry
tf_entry:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, tf_stack_top
    la t0, trap
    csrw mtvec, t0
    tail bare_start

    .p2align 2
trap:
    la sp, tf_stack_top
    tail bare_fault

    .section .text.bench_ticks, "ax"
    .globl bench_ticks
bench_ticks: /* instructions retired */
    csrr a0, minstret
    ret
