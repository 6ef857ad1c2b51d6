#include "provision.h"

#include <string.h>

#include "nvs.h"
#include "nvs_flash.h"

static int code(esp_err_t error) {
    switch (error) {
    case ESP_OK:
        return TF_OK;
    case ESP_ERR_NVS_NOT_FOUND:
        return TF_ERR_EMPTY;
    case ESP_ERR_NVS_INVALID_LENGTH:
        return TF_ERR_SPACE;
    default:
        return TF_ERR_IO;
    }
}

static int read_text(nvs_handle_t handle, const char *key, char *to, size_t bytes) {
    const int status = code(nvs_get_str(handle, key, to, &bytes));
    if (status < 0) {
        to[0] = '\0';
    }
    return status == TF_ERR_EMPTY ? TF_OK : status;
}

static int read_all(nvs_handle_t handle, provision *to) {
    const struct {
        const char *key;
        char *to;
        size_t bytes;
    } texts[] = {
        {"name", to->name, sizeof to->name},       {"fleet", to->fleet, sizeof to->fleet},
        {"ssid", to->ssid, sizeof to->ssid},       {"password", to->password, sizeof to->password},
        {"broker", to->broker, sizeof to->broker}, {"user", to->user, sizeof to->user},
        {"secret", to->secret, sizeof to->secret}, {"ca", to->ca, sizeof to->ca},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const int status = read_text(handle, texts[i].key, texts[i].to, texts[i].bytes);
        if (status < 0) {
            return status;
        }
    }
    const int status = code(nvs_get_u32(handle, "seed", &to->seed));
    if (status < 0) {
        return status;
    }
    return to->name[0] != '\0' ? TF_OK : TF_ERR_EMPTY;
}

int provision_read(provision *to) {
    memset(to, 0, sizeof *to);
    nvs_handle_t handle;
    int status = code(nvs_flash_init());
    if (status >= 0) {
        status = code(nvs_open("tinyfl", NVS_READONLY, &handle));
    }
    if (status >= 0) {
        status = read_all(handle, to);
        nvs_close(handle);
    }
    return status;
}
