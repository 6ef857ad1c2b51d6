#ifndef TFH_FLASH_H
#define TFH_FLASH_H

#include <stdint.h>

/*
 * NOR flash of a host device, in memory or kept in a file: erases whole sectors to 0xff and refuses to write a unit
 * twice between erasures, as the chip would spoil it. A file is locked, so that one device owns it.
 */
#define TFH_SECTOR_BYTES 4096u

typedef struct {
    uint8_t *bytes;
    uint32_t size;
    int fd; /* -1: in memory only */
} tfh_flash;

/*
 * path may be null. size: a multiple of TFH_SECTOR_BYTES. On failure a negative tf_status and *why: TF_ERR_IO: the file
 * cannot be made, read or locked; TF_ERR_MALFORMED: it exists and is of another size; TF_ERR_SPACE: no memory.
 */
int tfh_flash_open(tfh_flash *flash, const char *path, uint32_t size, const char **why);
void tfh_flash_close(tfh_flash *flash);

/* As tf_port asks; ctx is not theirs, but the flash. */
int tfh_flash_read(const tfh_flash *flash, uint32_t at, void *to, uint32_t n);
int tfh_flash_write(tfh_flash *flash, uint32_t at, const void *from, uint32_t n);
int tfh_flash_erase(tfh_flash *flash, uint32_t sector);

#endif
