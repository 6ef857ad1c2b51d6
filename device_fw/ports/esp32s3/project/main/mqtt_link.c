#include "mqtt_link.h"

#include <string.h>

#include "esp_crt_bundle.h"
#include "esp_log.h"

#define QOS 1
#define KEEPALIVE_S 20
#define RETRY_MS 4000
#define TIMEOUT_MS                                                                                                     \
    3000 /* the client holds its lock so long, and a message of ours waits for it: not the watchdog's time */
#define OUTBOX_BYTES 4096u /* esp-mqtt's outbox grows without one */

static const char *const tag = "tinyfl-mqtt", *const online = "online", *const offline = "offline";

/* Until it is taken: the outbox may be full of answers. */
static void say_online(mqtt_link *link) {
    link->online_due = esp_mqtt_client_enqueue(link->client, link->state, online, 0, QOS, 1, true) < 0;
}

static void subscribe(const mqtt_link *link) {
    const esp_mqtt_topic_t topics[] = {{.filter = link->down, .qos = QOS}, {.filter = link->state, .qos = QOS}};
    (void)esp_mqtt_client_subscribe_multiple(link->client, topics, 2);
}

static bool is_topic(const esp_mqtt_event_t *event, const char *topic) {
    return (size_t)event->topic_len == strlen(topic) && memcmp(event->topic, topic, strlen(topic)) == 0;
}

/* A piece of a payload; the topic comes with the first one. */
static void take_piece(mqtt_link *link, const esp_mqtt_event_t *event) {
    if (event->current_data_offset == 0) {
        link->arriving_is_state = is_topic(event, link->state);
        const bool wanted = link->arriving_is_state || is_topic(event, link->down);
        fragments_begin(&link->arriving, wanted ? (uint32_t)event->total_data_len : 0);
    }
    const uint32_t n = fragments_take(&link->arriving, (const uint8_t *)event->data, (uint32_t)event->data_len,
                                      (uint32_t)event->current_data_offset);
    if (n == 0) {
        return;
    }
    if (!link->arriving_is_state) {
        link->whole.n = n;
        memcpy(link->whole.bytes, link->arriving.bytes, n);
        (void)xQueueSend(link->queue, &link->whole, 0); /* full: the gateway asks again */
    } else if (n == strlen(offline) && memcmp(link->arriving.bytes, offline, n) == 0) {
        say_online(link); /* it was the late will of an earlier connection */
    }
}

static void happened(void *ctx, esp_event_base_t base, int32_t id, void *data) {
    mqtt_link *link = ctx;
    const esp_mqtt_event_t *event = data;
    (void)base;
    if (id == MQTT_EVENT_CONNECTED) {
        subscribe(link);
    } else if (id == MQTT_EVENT_SUBSCRIBED) {
        link->loss_said = 0;
        ESP_LOGI(tag, "connected");
        say_online(link);
    } else if (id == MQTT_EVENT_DATA) {
        take_piece(link, event);
    } else if (id == MQTT_EVENT_DISCONNECTED && !link->loss_said) {
        link->loss_said = 1;
        ESP_LOGW(tag, "no broker; trying on");
    }
}

static const uint8_t *receive(void *ctx, uint32_t *n, uint32_t wait_ms) {
    mqtt_link *link = ctx;
    if (link->online_due) {
        say_online(link);
    }
    if (link->current.n == 0 && xQueueReceive(link->queue, &link->current, pdMS_TO_TICKS(wait_ms)) != pdTRUE) {
        link->current.n = 0;
    }
    *n = link->current.n;
    return link->current.n > 0 ? link->current.bytes : NULL;
}

static void done(void *ctx) { ((mqtt_link *)ctx)->current.n = 0; }

static int send(void *ctx, const uint8_t *message, uint32_t n) {
    const mqtt_link *link = ctx;
    return esp_mqtt_client_enqueue(link->client, link->up, (const char *)message, (int)n, QOS, 0, true) >= 0
               ? TF_OK
               : TF_ERR_SPACE;
}

static const char *unless_empty(const char *text) { return text[0] != '\0' ? text : NULL; }

int mqtt_link_start(mqtt_link *link, const mqtt_settings *settings) {
    memset(link, 0, sizeof *link);
    const char *fleet = settings->fleet, *name = settings->name;
    if (mqtt_topic(link->up, fleet, name, "up") < 0 || mqtt_topic(link->down, fleet, name, "down") < 0 ||
        mqtt_topic(link->state, fleet, name, "state") < 0) {
        return TF_ERR_ARGUMENT;
    }
    link->queue = xQueueCreateStatic(MQTT_LINK_MESSAGES, sizeof(mqtt_message), link->queue_bytes, &link->queue_memory);
    const esp_mqtt_client_config_t config = {
        .broker.address.uri = settings->broker,
        .broker.verification.certificate = unless_empty(settings->ca),
        .broker.verification.crt_bundle_attach = settings->ca[0] == '\0' ? esp_crt_bundle_attach : NULL,
        .credentials.username = unless_empty(settings->user),
        .credentials.authentication.password = unless_empty(settings->secret),
        .session.last_will = {.topic = link->state, .msg = offline, .qos = QOS, .retain = 1},
        .session.keepalive = KEEPALIVE_S,
        .network.reconnect_timeout_ms = RETRY_MS,
        .network.timeout_ms = TIMEOUT_MS,
        .outbox.limit = OUTBOX_BYTES,
    };
    link->client = esp_mqtt_client_init(&config);
    return link->client != NULL &&
                   esp_mqtt_client_register_event(link->client, MQTT_EVENT_ANY, happened, link) == ESP_OK &&
                   esp_mqtt_client_start(link->client) == ESP_OK
               ? TF_OK
               : TF_ERR_IO;
}

message_link mqtt_link_messages(mqtt_link *link) {
    return (message_link){.ctx = link, .receive = receive, .done = done, .send = send};
}
