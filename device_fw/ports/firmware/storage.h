#ifndef STORAGE_H
#define STORAGE_H

#include <stdint.h>

#include "tf_device.h"

/*
 * What outlives the program, at tf_storage of the board's memory map (docs/SPEC.md, "Storage of an emulated board"):
 * who the device is, its recordings and its flash. Read as memory; changed by board_storage_* alone. Offsets count from
 * its start.
 */
#define STORAGE_MAGIC 0x54534654u /* "TFST" */
#define STORAGE_VERSION 1u
#define STORAGE_BYTES 0x1000000u /* as much as any board has */
/* Minus the tf_status with which the program ended, in a unit of its own; blank: none. */
#define STORAGE_STATUS_AT 128u

typedef struct {
    uint32_t magic, version;
    char name[TF_NAME_BYTES + 4]; /* NUL-terminated */
    uint32_t seed;
    uint32_t recordings_at, recordings_bytes;
    uint32_t flash_at, flash_bytes;
    uint32_t nonce; /* another one at every start */
} storage;

extern uint8_t tf_storage[];

#endif
