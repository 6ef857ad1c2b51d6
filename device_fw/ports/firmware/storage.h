#ifndef STORAGE_H
#define STORAGE_H

#include <stdint.h>

#include "tf_device.h"

/*
 * Memory beside the program's SRAM that outlives it, at tf_storage of the board's memory map (docs/SPEC.md, "Storage
 * of an emulated board"): who the device is, its recordings and its flash. Offsets count from its start.
 */
#define STORAGE_MAGIC 0x54534654u /* "TFST" */
#define STORAGE_VERSION 1u

typedef struct {
    uint32_t magic, version;
    char name[TF_NAME_BYTES + 4]; /* NUL-terminated */
    uint32_t seed;
    uint32_t recordings_at, recordings_bytes;
    uint32_t flash_at, flash_bytes;
    uint32_t starts; /* of the program; counted by it */
    int32_t status;  /* why the program ended, a tf_status; 0: it runs or was stopped */
} storage;

#endif
