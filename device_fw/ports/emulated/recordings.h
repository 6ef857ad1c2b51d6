#ifndef TFR_RECORDINGS_H
#define TFR_RECORDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "tf_device.h"

/* Recordings in memory (docs/SPEC.md): what the device's sensor and its wearer will say, in sets of labelled windows.
 */
enum { TFR_WEARER = 0, TFR_TEST = 1, TFR_OLD_TEST = 2, TFR_FACTORY = 3, TFR_SETS = 4 };

typedef struct {
    const uint8_t *bytes; /* the caller's */
    uint32_t input_bytes;
    uint32_t first[TFR_SETS + 1]; /* record a set begins with; the last is the number of records */
} tfr_recordings;

/* Null if the bytes are recordings for this model, else what is wrong with them. */
const char *tfr_open(tfr_recordings *recordings, const uint8_t *bytes, size_t size, const tf_model *model);

/* Bytes of the recordings that begin there, by their header, in memory of `most` bytes; 0: none begin there. */
size_t tfr_bytes(const uint8_t *bytes, size_t most);

/* What a port's collect and sample have to do (tf_device.h). */
int tfr_collect(const tfr_recordings *recordings, tf_device *dev, uint32_t first, uint32_t last);
int tfr_sample(const tfr_recordings *recordings, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label);

#endif
