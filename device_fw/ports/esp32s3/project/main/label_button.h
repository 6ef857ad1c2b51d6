#ifndef LABEL_BUTTON_H
#define LABEL_BUTTON_H

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "presses.h"

/* The wearer's button at the pin that the configuration names (BOOT is 0), pressed when low, looked at by a timer. */
#define LABEL_BUTTON_HELD 0u /* in the queue: the first press of a series; else the presses of a series, 1 .. 255 */

typedef struct {
    QueueHandle_t events; /* of uint8_t */
    presses counted;
    uint8_t unsent; /* a count that has found no place yet */
} label_button;

/* The struct must stay. TF_ERR_IO. */
int label_button_start(label_button *button);

#endif
