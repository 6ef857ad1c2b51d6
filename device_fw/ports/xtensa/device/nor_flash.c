#include "nor_flash.h"

#include "tf_device.h"

#define ERASE 0x20u
#define ERASE_CONFIRM 0xD0u
#define PROGRAM 0x40u
#define CLEAR_STATUS 0x50u
#define READ_ARRAY 0xFFu
#define STATUS_READY 0x80u
#define STATUS_FAILED 0x3Au /* erase, program, voltage, lock */
#define POLLS 10000000u     /* far more than a chip takes for a sector */
#define BLANK 0xFFFFu

typedef volatile uint16_t word;

static word *word_at(uint8_t *base, uint32_t at) { return (word *)(void *)(base + at); }

/* Waits for the chip, and makes it memory again. */
static int finish(word *where) {
    uint16_t status = 0;
    for (uint32_t i = 0; i < POLLS && (status & STATUS_READY) == 0; i++) {
        status = *where;
    }
    *where = CLEAR_STATUS;
    *where = READ_ARRAY;
    return (status & STATUS_READY) != 0 && (status & STATUS_FAILED) == 0 ? TF_OK : TF_ERR_IO;
}

int nor_write(uint8_t *base, uint32_t at, const uint8_t *from, uint32_t n) {
    if (at % TF_FLASH_UNIT != 0 || n % TF_FLASH_UNIT != 0) {
        return TF_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < n; i += sizeof(word)) {
        if (*word_at(base, at + i) != BLANK) {
            return TF_ERR_IO;
        }
    }
    for (uint32_t i = 0; i < n; i += sizeof(word)) {
        word *where = word_at(base, at + i);
        *where = PROGRAM;
        *where = (uint16_t)(from[i] | from[i + 1] << 8);
        const int status = finish(where);
        if (status < 0) {
            return status;
        }
    }
    return TF_OK;
}

int nor_erase(uint8_t *base, uint32_t at) {
    if (at % NOR_SECTOR_BYTES != 0) {
        return TF_ERR_ARGUMENT;
    }
    word *where = word_at(base, at);
    *where = ERASE;
    *where = ERASE_CONFIRM;
    return finish(where);
}
