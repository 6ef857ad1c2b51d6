#include "bare.h"

/* By sections.ld; all word aligned. */
extern uint32_t tf_stack_low[], tf_stack_top[];
extern uint32_t tf_data_start[], tf_data_end[];
extern const uint32_t tf_data_load[];
extern uint32_t tf_bss_start[], tf_bss_end[];

#define PAINT 0xA5A5A5A5u
#define IN_USE 32u /* words below the frame that a call from here and Xtensa's register windows may take */

static void fill(uint32_t *from, const uint32_t *end, uint32_t word) {
    while (from < end) {
        *from++ = word;
    }
}

_Noreturn void bare_start(void) {
    const uint32_t *load = tf_data_load;
    for (uint32_t *data = tf_data_start; data < tf_data_end;) {
        *data++ = *load++;
    }
    fill(tf_bss_start, tf_bss_end, 0);
    fill(tf_stack_low, (const uint32_t *)__builtin_frame_address(0) - IN_USE, PAINT);
    program_run();
    board_end();
    for (;;) {
    }
}

uint32_t bare_stack_bytes(void) {
    const uint32_t *lowest = tf_stack_low;
    while (*lowest == PAINT) {
        lowest++;
    }
    return (uint32_t)((uintptr_t)tf_stack_top - (uintptr_t)lowest);
}

_Noreturn void bare_fault(void) {
    program_fault();
    board_end();
    for (;;) {
    }
}
