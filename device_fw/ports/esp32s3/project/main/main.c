#include "board_link.h"
#include "board_sensor.h"
#include "esp_log.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "label_button.h"
#include "live_device.h"
#include "net.h"
#include "partition_area.h"
#include "sampler.h"
#include "tf_input.h"

/* The device as a task on core 1; radio, sensor and button live on core 0. */
#define STACK_BYTES 8192u
#define PRIORITY 5u
#define CORE 1
#define TURN_MS 20u /* the longest wait for a message: samples and labels come meanwhile */
#define RESTART_MS 10000u
#define SAMPLES_QUEUED 64u
#define SAMPLES_A_TURN 8u /* an inference each, at most: the link and the watchdog wait for them */
#define EVENTS_QUEUED 4u

#define BLOCK_BYTES                                                                                                    \
    TF_DEVICE_MEMORY_BYTES(TF_NET_TRAINED_WEIGHTS, TF_NET_TRAINED_BIASES, TF_NET_SHARED_WEIGHTS, TF_NET_SHARED_BIASES, \
                           TF_NET_ARENA_BYTES, TF_NET_INPUT_BYTES, TF_STORE_WINDOWS)
_Static_assert(BLOCK_BYTES <= CONFIG_TINYFL_SRAM_BYTES,
               "the network and its store need more memory than TINYFL_SRAM_BYTES: build them with a smaller --store");

#if CONFIG_TINYFL_SENSOR_NONE
#define STREAM_BYTES 1u
#else
#define STREAM_BYTES TF_NET_INPUT_BYTES
#endif

static const char *const tag = "tinyfl";
static _Alignas(8) uint8_t block[BLOCK_BYTES];
static int8_t window[STREAM_BYTES], latest[STREAM_BYTES], scratch[STREAM_BYTES];
static tf_device_memory memory;
static provision who;
static flash_area state;
static tfr_recordings recordings;
static live_config config;
static live_device live;

static StackType_t stack[STACK_BYTES];
static StaticTask_t task;
static StaticQueue_t samples_memory, events_memory;
static uint8_t samples_bytes[SAMPLES_QUEUED * TF_INPUT_CHANNELS], events_bytes[EVENTS_QUEUED];
static QueueHandle_t samples, events;
static sampler reader;
static label_button button;

static uint32_t now_ms(void) { return (uint32_t)(esp_timer_get_time() / 1000); }

static void inferred(uint16_t best, int16_t logit) {
    static uint16_t before = UINT16_MAX;
    if (best != before) {
        ESP_LOGI(tag, "class %u (logit %d/16)", (unsigned)best, (int)logit);
    }
    before = best;
}

/* Starts what brings samples and labels. */
static int start_wearer(void) {
    static const float factors[] = TF_INPUT_FACTORS, offsets[] = TF_INPUT_OFFSETS;
    const tf_sensor sensor = board_sensor();
    if (sensor.channels != TF_INPUT_CHANNELS || sensor.channels > TF_SENSOR_CHANNELS) {
        ESP_LOGE(tag, "the sensor has %u channels, the network takes %u: choose another in menuconfig",
                 (unsigned)sensor.channels, (unsigned)TF_INPUT_CHANNELS);
        return TF_ERR_ARGUMENT;
    }
    samples = xQueueCreateStatic(SAMPLES_QUEUED, TF_INPUT_CHANNELS, samples_bytes, &samples_memory);
    events = xQueueCreateStatic(EVENTS_QUEUED, 1, events_bytes, &events_memory);
    reader = (sampler){sensor, TF_INPUT_RATE_MHZ, factors, offsets, samples};
    button = (label_button){.events = events};
    const int status = sampler_start(&reader);
    return status < 0 ? status : label_button_start(&button);
}

/* Everything the device needs; a negative tf_status has been logged. */
static int prepare(void) {
    int status = provision_read(&who);
    if (status < 0) {
        ESP_LOGE(tag, "not provisioned, status %d: tinyfl flash PROJECT --port PORT --name NAME", status);
        return status;
    }
    status = partition_area(&state, "state");
    if (status >= 0) {
        status = tf_device_memory_place(&memory, &tf_model_net, TF_STORE_WINDOWS, block, sizeof block);
    }
    config = (live_config){
        .model = &tf_model_net,
        .who = {.name = who.name, .seed = who.seed},
        .memory = &memory,
        .now_ms = now_ms,
        .state = &state,
        .recordings = partition_recordings(&recordings, "windows", &tf_model_net) >= 0 ? &recordings : NULL,
        .window = window,
        .latest = latest,
        .scratch = scratch,
        .rows = TF_INPUT_ROWS,
        .channels = TF_INPUT_CHANNELS,
        .hop = TF_INPUT_HOP,
        .inferred = inferred,
    };
#if !CONFIG_TINYFL_SENSOR_NONE
    static flash_area labels;
    if (status >= 0) {
        status = partition_area(&labels, "labels");
        config.labels = &labels;
    }
#endif
    if (status >= 0) {
        status = live_device_begin(&live, &config);
    }
    if (status >= 0) { /* last: nobody is told of a device that does not run */
        status = board_link_open(&config.link, &who, now_ms);
    }
    if (status < 0) {
        ESP_LOGE(tag, "%s cannot start, status %d", who.name, status);
    }
    return status;
}

static void hear_wearer(void) {
    int8_t row[TF_INPUT_CHANNELS];
    uint8_t event;
    for (uint32_t i = 0; i < SAMPLES_A_TURN && xQueueReceive(samples, row, 0) == pdTRUE; i++) {
        (void)live_device_sample(&live, row);
    }
    while (xQueueReceive(events, &event, 0) == pdTRUE) {
        if (event == LABEL_BUTTON_HELD) {
            live_device_hold(&live);
            continue;
        }
        const int status = live_device_label(&live, event - 1u);
        ESP_LOGI(tag, "label %u: status %d", event - 1u, status);
    }
}

/* Serves until something fails that a fresh start may mend; the watchdog sees to it that no turn lasts. */
static int serve(void) {
    if (esp_task_wdt_add(NULL) != ESP_OK) {
        ESP_LOGW(tag, "no task watchdog");
    }
    ESP_LOGI(tag, "%s runs with %s", who.name, config.recordings != NULL ? "recordings" : "no recordings");
    int status = TF_OK;
    while (status >= 0) {
        (void)esp_task_wdt_reset();
        if (samples != NULL) {
            hear_wearer();
        }
        status = live_device_turn(&live, TURN_MS);
    }
    (void)esp_task_wdt_delete(NULL);
    return status;
}

static void run(void *ctx) {
    (void)ctx;
    int status = prepare();
    if (status >= 0) {
        if (config.labels != NULL && start_wearer() < 0) {
            samples = NULL; /* it learns from what it has */
        }
        status = serve();
    }
    ESP_LOGE(tag, "stopped, status %d; starting anew", status);
    vTaskDelay(pdMS_TO_TICKS(RESTART_MS));
    esp_restart();
}

void app_main(void) {
    if (xTaskCreateStaticPinnedToCore(run, "tinyfl", STACK_BYTES, NULL, PRIORITY, stack, &task, CORE) == NULL) {
        ESP_LOGE(tag, "no task");
    }
}
