#include "label_button.h"

#include "driver/gpio.h"
#include "esp_timer.h"
#include "sdkconfig.h"
#include "tf_status.h"

#define PIN ((gpio_num_t)CONFIG_TINYFL_BUTTON)
#define LOOK_US 10000u

static void look(void *ctx) {
    label_button *button = ctx;
    const uint8_t before = button->counted.count, held = LABEL_BUTTON_HELD;
    const uint8_t count =
        (uint8_t)presses_take(&button->counted, gpio_get_level(PIN) == 0, (uint32_t)(esp_timer_get_time() / 1000));
    if (before == 0 && button->counted.count > 0) {
        (void)xQueueSend(button->events, &held, 0);
    }
    button->unsent = count > 0 ? count : button->unsent;
    if (button->unsent > 0 && xQueueSend(button->events, &button->unsent, 0) == pdTRUE) {
        button->unsent = 0; /* a series that begins is followed by its count, however full the queue was */
    }
}

int label_button_start(label_button *button) {
    const gpio_config_t pin = {.pin_bit_mask = 1ull << PIN, .mode = GPIO_MODE_INPUT, .pull_up_en = GPIO_PULLUP_ENABLE};
    const esp_timer_create_args_t timer = {.callback = look, .arg = button, .name = "tinyfl_button"};
    esp_timer_handle_t handle;
    return gpio_config(&pin) == ESP_OK && esp_timer_create(&timer, &handle) == ESP_OK &&
                   esp_timer_start_periodic(handle, LOOK_US) == ESP_OK
               ? TF_OK
               : TF_ERR_IO;
}
