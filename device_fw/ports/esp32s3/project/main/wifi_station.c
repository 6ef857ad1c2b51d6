#include "wifi_station.h"

#include <string.h>

#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "esp_wifi.h"
#include "tf_status.h"

static const char *const tag = "tinyfl-wifi";

/* ctx: whether the loss has been said, so that a network that stays away is said once. */
static void happened(void *ctx, esp_event_base_t base, int32_t id, void *data) {
    bool *said = ctx;
    if (base == IP_EVENT) {
        *said = false;
        ESP_LOGI(tag, "connected");
    } else if (id == WIFI_EVENT_STA_START) {
        (void)esp_wifi_connect();
    } else if (id == WIFI_EVENT_STA_DISCONNECTED) {
        if (!*said) {
            const wifi_event_sta_disconnected_t *why = data;
            ESP_LOGW(tag, "no network, reason %u; trying on", (unsigned)why->reason);
        }
        *said = true;
        (void)esp_wifi_connect();
    }
}

static int start_driver(wifi_config_t *config) {
    const wifi_init_config_t defaults = WIFI_INIT_CONFIG_DEFAULT();
    static bool said;
    const bool started =
        esp_netif_init() == ESP_OK && esp_event_loop_create_default() == ESP_OK &&
        esp_netif_create_default_wifi_sta() != NULL && esp_wifi_init(&defaults) == ESP_OK &&
        esp_event_handler_instance_register(WIFI_EVENT, ESP_EVENT_ANY_ID, happened, &said, NULL) == ESP_OK &&
        esp_event_handler_instance_register(IP_EVENT, IP_EVENT_STA_GOT_IP, happened, &said, NULL) == ESP_OK &&
        esp_wifi_set_storage(WIFI_STORAGE_RAM) == ESP_OK && esp_wifi_set_mode(WIFI_MODE_STA) == ESP_OK &&
        esp_wifi_set_config(WIFI_IF_STA, config) == ESP_OK && esp_wifi_start() == ESP_OK;
    return started ? TF_OK : TF_ERR_IO;
}

int wifi_station_start(const char *ssid, const char *password) {
    wifi_config_t config = {0};
    const size_t name_bytes = strlen(ssid), secret_bytes = strlen(password);
    if (name_bytes < 1 || name_bytes > sizeof config.sta.ssid || secret_bytes >= sizeof config.sta.password) {
        return TF_ERR_ARGUMENT;
    }
    memcpy(config.sta.ssid, ssid, name_bytes);
    memcpy(config.sta.password, password, secret_bytes);
    config.sta.threshold.authmode = secret_bytes > 0 ? WIFI_AUTH_WPA2_PSK : WIFI_AUTH_OPEN;
    return start_driver(&config);
}
