#ifndef TFH_RECORDINGS_H
#define TFH_RECORDINGS_H

#include <stddef.h>
#include <stdint.h>

/* A recordings file (docs/SPEC.md): what the device's sensor and its wearer will say, in sets of labelled windows. */
enum { TFH_WEARER = 0, TFH_TEST = 1, TFH_OLD_TEST = 2, TFH_FACTORY = 3, TFH_SETS = 4 };

typedef struct {
    const uint8_t *bytes; /* the mapped file */
    size_t size;
    uint32_t input_bytes;
    uint32_t first[TFH_SETS + 1]; /* record a set begins with; the last is the number of records */
} tfh_recordings;

typedef struct {
    uint16_t label, round;
    const int8_t *x; /* [input_bytes] */
} tfh_window;

/*
 * Maps the file. On failure a negative tf_status, and *why is what is wrong with it: TF_ERR_IO: it cannot be read;
 * TF_ERR_MALFORMED: its contents are no recordings.
 */
int tfh_recordings_open(tfh_recordings *recordings, const char *path, const char **why);
void tfh_recordings_close(tfh_recordings *recordings);

/* record: 0 .. first[TFH_SETS] - 1. */
tfh_window tfh_recordings_at(const tfh_recordings *recordings, uint32_t record);

#endif
