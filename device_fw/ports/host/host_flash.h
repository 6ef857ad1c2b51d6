#ifndef TFH_FLASH_H
#define TFH_FLASH_H

#include <stdint.h>

#include "memory_flash.h"

/* NOR flash of a host device, in memory or kept in a file, which is locked, so that one device owns it. */
typedef struct {
    memory_flash memory;
    int fd; /* -1: in memory only */
} tfh_flash;

/*
 * path may be null. size: a multiple of MEMORY_FLASH_SECTOR_BYTES. On failure a negative tf_status and *why: TF_ERR_IO:
 * the file cannot be made, read or locked; TF_ERR_MALFORMED: it exists and is of another size; TF_ERR_SPACE: no memory.
 */
int tfh_flash_open(tfh_flash *flash, const char *path, uint32_t size, const char **why);
void tfh_flash_close(tfh_flash *flash);

/* As tf_port asks; ctx is not theirs, but the flash. */
int tfh_flash_read(const tfh_flash *flash, uint32_t at, void *to, uint32_t n);
int tfh_flash_write(tfh_flash *flash, uint32_t at, const void *from, uint32_t n);
int tfh_flash_erase(tfh_flash *flash, uint32_t sector);

#endif
