#ifndef FLASH_AREA_H
#define FLASH_AREA_H

#include <stdint.h>

/* Flash by the rules of tf_port (tf_device.h): a write takes whole, erased units. Offsets count from its start. */
typedef struct {
    void *ctx;
    uint32_t bytes, sector_bytes;
    int (*read)(void *ctx, uint32_t at, void *to, uint32_t n);
    int (*write)(void *ctx, uint32_t at, const void *from, uint32_t n);
    int (*erase)(void *ctx, uint32_t sector);
} flash_area;

#endif
