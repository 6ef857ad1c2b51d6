#include "sampler.h"

#include <stddef.h>

#include "esp_log.h"
#include "freertos/task.h"
#include "quantizer.h"
#include "tf_status.h"

#define STACK_BYTES 4096u
#define PRIORITY 6u /* above the device's */
#define CORE 0
#define MS_IN_1000_S 1000000u

static const char *const tag = "tinyfl-sensor";
static StackType_t stack[STACK_BYTES];
static StaticTask_t task;

static void say_once(uint8_t *said, const char *what) {
    if (!*said) {
        ESP_LOGW(tag, "%s", what);
    }
    *said = 1;
}

static void run(void *ctx) {
    const sampler *s = ctx;
    float values[TF_SENSOR_CHANNELS];
    int8_t row[TF_SENSOR_CHANNELS];
    uint8_t failure_said = 0, loss_said = 0;
    const int status = s->sensor.begin(s->sensor.ctx);
    if (status < 0) {
        ESP_LOGE(tag, "the sensor does not start, status %d: check wiring and configuration", status);
        vTaskDelete(NULL); /* does not return */
    }
    TickType_t woken = xTaskGetTickCount();
    for (uint32_t rest = 0;;) {
        rest += MS_IN_1000_S; /* the rate need not divide a second into whole milliseconds */
        (void)xTaskDelayUntil(&woken, pdMS_TO_TICKS(rest / s->rate_mhz));
        rest %= s->rate_mhz;
        if (s->sensor.sample(s->sensor.ctx, values) < 0) {
            say_once(&failure_said, "the sensor has failed to answer; its sample is left out");
            continue;
        }
        quantize_values(values, s->factors, s->offsets, s->sensor.channels, row);
        if (xQueueSend(s->samples, row, 0) != pdTRUE) {
            say_once(&loss_said, "a training step takes longer than the queue lasts; samples are lost");
        }
    }
}

int sampler_start(sampler *s) {
    return xTaskCreateStaticPinnedToCore(run, "tinyfl_sensor", STACK_BYTES, s, PRIORITY, stack, &task, CORE) != NULL
               ? TF_OK
               : TF_ERR_IO;
}
