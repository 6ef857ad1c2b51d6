#ifndef BOARD_PORT_H
#define BOARD_PORT_H

#include <stdint.h>

/* What a board gives to a device, beside bare.h: one line at 8 bits, one clock, and what storage.h describes. */
void board_open(void);              /* starts line and clock; called once */
int board_get(void);                /* the next byte that has arrived, in order; -1: none */
int board_put(uint8_t byte);        /* 1: taken; 0: the line is busy, offer it again */
uint32_t board_now_ms(void);        /* since any moment; wraps at 2^32 */
void board_sleep(uint32_t most_ms); /* until a byte arrives or the time is over, or sooner */

/*
 * The storage by the rules of flash: an erase sets the sector that begins at `at` to 0xff, a write takes whole,
 * aligned, erased units of TF_FLASH_UNIT bytes. 0 or a negative tf_status.
 */
extern const uint32_t board_sector_bytes;
int board_storage_write(uint32_t at, const void *from, uint32_t n);
int board_storage_erase(uint32_t at);

#endif
