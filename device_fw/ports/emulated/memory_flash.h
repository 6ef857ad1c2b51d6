#ifndef MEMORY_FLASH_H
#define MEMORY_FLASH_H

#include <stdint.h>

#include "tf_device.h"

/*
 * The flash functions of a port over plain memory, with NOR's rules: an erase sets a whole sector to 0xff, and a unit
 * that is written twice between erases is refused, as the chip would spoil it.
 */
#define MEMORY_FLASH_SECTOR_BYTES 4096u

typedef struct {
    uint8_t *bytes; /* the caller's, of a size that is a multiple of the sector */
    uint32_t size;
} memory_flash;

/* TF_ERR_ARGUMENT: beyond the area or not whole units; TF_ERR_IO: written without an erase. */
int memory_flash_read(const memory_flash *flash, uint32_t at, void *to, uint32_t n);
int memory_flash_write(memory_flash *flash, uint32_t at, const void *from, uint32_t n);
int memory_flash_erase(memory_flash *flash, uint32_t sector);

#endif
