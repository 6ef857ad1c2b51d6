#ifndef SAMPLER_H
#define SAMPLER_H

#include <stdint.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "tf_sensor.h"

/*
 * Reads a sensor at a steady rate in a task of its own, so that a training step delays no sample, and queues samples,
 * quantised. The caller's struct, which must stay.
 */
typedef struct {
    tf_sensor sensor;
    uint32_t rate_mhz;              /* samples in 1000 seconds */
    const float *factors, *offsets; /* [channels] quantizer.h */
    QueueHandle_t samples;          /* of int8 [channels] */
} sampler;

/* Starts the task; what fails is logged once. TF_ERR_IO: no task. */
int sampler_start(sampler *s);

#endif
