#ifndef LIVE_DEVICE_H
#define LIVE_DEVICE_H

#include "flash_area.h"
#include "label_log.h"
#include "message_link.h"
#include "outbox.h"
#include "recordings.h"
#include "window_cutter.h"

/*
 * A device that is worn: the core with its link, the windows that its sensor brings and the labels that its wearer
 * gives. Single-threaded: samples and presses reach it through the caller's queues. All memory is the caller's.
 *
 *     live_device_begin(&live, &config);
 *     for (;;) {
 *         while (a sample has arrived) live_device_sample(&live, row);
 *         if (a series of presses has ended) live_device_label(&live, count - 1);
 *         live_device_turn(&live, most_ms);
 *     }
 */
typedef struct {
    const tf_model *model;
    tf_device_config who;
    const tf_device_memory *memory;
    message_link link;
    uint32_t (*now_ms)(void);
    const flash_area *state;          /* for the core */
    const flash_area *labels;         /* for the label log, or null: nobody gives labels */
    const tfr_recordings *recordings; /* shipped and test windows, or null */
    /* With labels: */
    int8_t *window, *latest, *scratch;              /* [input_bytes] each */
    uint32_t rows, channels, hop;                   /* rows * channels are the input's bytes */
    void (*inferred)(uint16_t best, int16_t logit); /* class of each window of the stream, or null; 1/16 nat */
} live_config;

typedef struct {
    const live_config *config;
    tf_port port;
    tf_device core;
    outbox said;
    label_log labels;
    window_cutter cutter;
    uint8_t has_latest; /* a window has been complete */
    uint8_t held;       /* the latest one waits for its label */
} live_device;

/* The config must outlive it. A negative tf_status: as tf_device_init and label_log_open. */
int live_device_begin(live_device *live, const live_config *config);

/* Takes one sample, int8 [channels]; with a window complete it infers. A negative tf_status: the sample is lost. */
int live_device_sample(live_device *live, const int8_t *row);

/* The wearer has begun to say something: the latest window is the one that is meant, whatever comes meanwhile. */
void live_device_hold(live_device *live);

/*
 * Labels the window that was held, or the latest. TF_ERR_ARGUMENT: no such class; TF_ERR_EMPTY: no window yet;
 * TF_ERR_SPACE: the label log is full until the next commit; TF_ERR_IO.
 */
int live_device_label(live_device *live, uint32_t label);

/*
 * Handles a message, if one arrives within most_ms, and does one step of work; waits only where there is none. < 0: the
 * device cannot go on.
 */
int live_device_turn(live_device *live, uint32_t most_ms);

#endif
