#include "board_port.h"
#include "memory_flash.h"
#include "storage.h"

/* A storage in plain memory, kept to the rules of flash. */
const uint32_t board_sector_bytes = MEMORY_FLASH_SECTOR_BYTES;

static memory_flash all(void) { return (memory_flash){tf_storage, STORAGE_BYTES}; }

int board_storage_write(uint32_t at, const void *from, uint32_t n) {
    memory_flash flash = all();
    return memory_flash_write(&flash, at, from, n);
}

int board_storage_erase(uint32_t at) {
    memory_flash flash = all();
    return memory_flash_erase(&flash, at / MEMORY_FLASH_SECTOR_BYTES);
}
