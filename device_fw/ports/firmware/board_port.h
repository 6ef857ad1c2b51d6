#ifndef BOARD_PORT_H
#define BOARD_PORT_H

#include <stdint.h>

/* What a board gives to a device, beside bare.h. One line at 8 bits, one clock. */
void board_open(void);              /* starts line and clock; called once */
int board_get(void);                /* the next byte that has arrived, in order; -1: none */
int board_put(uint8_t byte);        /* 1: taken; 0: the line is busy, offer it again */
uint32_t board_now_ms(void);        /* since any moment; wraps at 2^32 */
void board_sleep(uint32_t most_ms); /* until a byte arrives or the time is over, or sooner */

#endif
