#ifndef NOR_FLASH_H
#define NOR_FLASH_H

#include <stdint.h>

/* A parallel NOR chip with Intel's command set (CFI primary command set 1), 16 bits wide; read as memory at `base`. */
#define NOR_SECTOR_BYTES 0x20000u

/* at and n: multiples of TF_FLASH_UNIT. TF_ERR_ARGUMENT, or TF_ERR_IO: not erased, or the chip says it failed. */
int nor_write(uint8_t *base, uint32_t at, const uint8_t *from, uint32_t n);
/* The sector that begins at `at`. */
int nor_erase(uint8_t *base, uint32_t at);

#endif
