#include "memory_flash.h"

#include <string.h>

#define BLANK 0xffu

static int inside(const memory_flash *flash, uint32_t at, uint32_t n) {
    return at <= flash->size && n <= flash->size - at;
}

int memory_flash_read(const memory_flash *flash, uint32_t at, void *to, uint32_t n) {
    if (!inside(flash, at, n)) {
        return TF_ERR_ARGUMENT;
    }
    memcpy(to, flash->bytes + at, n);
    return TF_OK;
}

int memory_flash_write(memory_flash *flash, uint32_t at, const void *from, uint32_t n) {
    if (!inside(flash, at, n) || at % TF_FLASH_UNIT != 0 || n % TF_FLASH_UNIT != 0) {
        return TF_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (flash->bytes[at + i] != BLANK) {
            return TF_ERR_IO;
        }
    }
    memcpy(flash->bytes + at, from, n);
    return TF_OK;
}

int memory_flash_erase(memory_flash *flash, uint32_t sector) {
    if (sector >= flash->size / MEMORY_FLASH_SECTOR_BYTES) {
        return TF_ERR_ARGUMENT;
    }
    memset(flash->bytes + sector * MEMORY_FLASH_SECTOR_BYTES, BLANK, MEMORY_FLASH_SECTOR_BYTES);
    return TF_OK;
}
