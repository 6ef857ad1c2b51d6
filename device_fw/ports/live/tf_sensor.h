#ifndef TF_SENSOR_H
#define TF_SENSOR_H

#include <stdint.h>

/* A sensor's driver. Both functions return 0 or a negative tf_status; neither blocks for long. */
#define TF_SENSOR_CHANNELS 16u /* the most a driver may have */

typedef struct {
    void *ctx;
    uint32_t channels;                       /* values of a sample */
    int (*begin)(void *ctx);                 /* finds the sensor and sets it up; called once */
    int (*sample)(void *ctx, float *values); /* values: [channels], in the units the network was trained on */
} tf_sensor;

#endif
