#include "bare.h"

/* The reset register of the KC705's FPGA, at which the emulator ends. */
#define FPGA_RESET ((volatile uint32_t *)(uintptr_t)0xFD020010u)
#define FPGA_RESET_NOW 0xDEADu

void board_end(void) { *FPGA_RESET = FPGA_RESET_NOW; }
