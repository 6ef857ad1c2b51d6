#include "mqtt_topic.h"

#include <string.h>

#include "tf_device.h"

static int valid(const char *name) {
    size_t n = 0;
    for (; name[n] != '\0'; n++) {
        if (name[n] == '+' || name[n] == '#' || name[n] == '/') {
            return 0;
        }
    }
    return n >= 1 && n <= TF_NAME_BYTES;
}

int mqtt_topic(char topic[MQTT_TOPIC_BYTES], const char *fleet, const char *device, const char *kind) {
    const char *const parts[] = {"tinyfl/", fleet, "/", device, "/", kind};
    size_t used = 0;
    if (!valid(fleet) || !valid(device)) {
        return TF_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const size_t n = strlen(parts[i]);
        if (n >= MQTT_TOPIC_BYTES - used) {
            return TF_ERR_ARGUMENT;
        }
        memcpy(topic + used, parts[i], n);
        used += n;
    }
    topic[used] = '\0';
    return TF_OK;
}
