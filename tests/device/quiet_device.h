#ifndef QUIET_DEVICE_H
#define QUIET_DEVICE_H

#include "tf_device.h"

/* A device with a flash in memory that says nothing to anybody and is shipped without windows. */
typedef struct {
    tf_device dev;
    tf_port port;
    tf_device_memory memory;
    tf_device_config config;
    uint8_t *flash;
    void *block;
} quiet_device;

/* Returns what tf_device_init does; every block has just the size it needs. */
int quiet_open(quiet_device *q, const tf_model *model, uint16_t capacity);
void quiet_close(quiet_device *q);

#endif
