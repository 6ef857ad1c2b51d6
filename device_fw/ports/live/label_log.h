#ifndef LABEL_LOG_H
#define LABEL_LOG_H

#include "flash_area.h"
#include "tf_device.h"

/*
 * Labelled windows in flash, kept until the round that learned from them is committed (docs/SPEC.md, "Label log"). A
 * window gets its round when it is first collected, so that a round that is trained again after a reset, or abandoned
 * and trained anew, gets the same windows. A power cut costs the label that is being written, at most. The caller's
 * struct.
 */
typedef struct {
    const flash_area *area;
    uint32_t network, input_bytes, slot_bytes;
    uint32_t slots, next; /* how many there are; the first that is still erased */
    uint32_t waiting;     /* windows without a round */
    uint32_t last_round;  /* that has windows; 0: none */
    uint8_t over;         /* it could not be begun anew yet: nothing is kept until it is */
} label_log;

/*
 * Finds what an earlier run left for this network (tf_model.network_id); erases what is no log of it. TF_ERR_SPACE: the
 * area is too small. TF_ERR_IO.
 */
int label_log_open(label_log *log, const flash_area *area, uint32_t network, uint32_t input_bytes);

/* Drops everything: the device starts as shipped, and counts its rounds anew. TF_ERR_IO. */
int label_log_forget(label_log *log);

/*
 * Appends x [input_bytes] with its label. committed is the last round whose windows are safe in the device's own store,
 * 0 where that is unknown at present. TF_ERR_SPACE: full until the next round is committed. TF_ERR_IO.
 */
int label_log_add(label_log *log, const int8_t *x, uint16_t label, uint32_t committed);

/* What a port's collect has to do with fresh windows (tf_device.h). scratch: [input_bytes]. */
int label_log_collect(label_log *log, tf_device *dev, uint32_t first, uint32_t last, int8_t *scratch);

#endif
