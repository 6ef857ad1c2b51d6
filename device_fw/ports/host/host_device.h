#ifndef TFH_DEVICE_H
#define TFH_DEVICE_H

#include <stdint.h>

#include "tf_device.h"

/*
 * A whole device on a computer: the core of device_fw with the linked network, recordings for its sensor and wearer,
 * and flash in memory or in a file. The same object code is the emulated device process and, through ctypes, each
 * device of a simulation. Any number may live in one process; use each from one thread at a time.
 */
typedef struct tfh_device tfh_device;

typedef struct {
    const char *recordings; /* path, see docs/SPEC.md */
    const char *flash;      /* path, or null: in memory, lost with the device */
    const char *name;       /* 1 .. TF_NAME_BYTES bytes */
    uint32_t seed;          /* of the first boot */
    uint32_t capacity;      /* windows the store holds, 1 .. 65535 */
} tfh_config;

/*
 * Makes a device and boots it. Returns null on failure and then writes one sentence, NUL-terminated, into
 * why[why_bytes]. The config may go afterwards.
 */
tfh_device *tfh_create(const tfh_config *config, char *why, uint32_t why_bytes);
void tfh_destroy(tfh_device *device);

/* Cuts the power and boots again: all but flash is lost, messages not fetched too. Returns what tf_device_init did. */
int tfh_reset(tfh_device *device);

/* As tf_device_receive and tf_step. */
int tfh_receive(tfh_device *device, const uint8_t *bytes, uint32_t n);
int tfh_step(tfh_device *device);

/* As many steps, 1 or more, until a message waits to be fetched; returns what the last step did. */
int tfh_work(tfh_device *device, uint32_t steps);

/* Copies the oldest message the device sent into bytes[TF_MESSAGE_BYTES]; returns its length, 0: none. */
uint32_t tfh_pop_message(tfh_device *device, uint8_t *bytes);

/* To look at; all of it stays the device's. */
const tf_model *tfh_model(void);
const tf_device *tfh_state(const tfh_device *device);
const int8_t *tfh_weights_high(const tfh_device *device); /* [trained_weights] */
const uint8_t *tfh_weights_low(const tfh_device *device); /* [trained_weights] */
const int32_t *tfh_biases(const tfh_device *device);      /* [trained_biases] */
uint32_t tfh_trained_weights(void);
uint32_t tfh_trained_biases(void);
uint32_t tfh_weights_digest(const tfh_device *device); /* as the device reports it */

#endif
