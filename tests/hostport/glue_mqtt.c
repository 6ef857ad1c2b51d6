/* ESP-IDF's part of the MQTT glue for Python: queues as FreeRTOS has them, and a client whose work Python does. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "esp_crt_bundle.h"
#include "esp_log.h"
#include "mqtt_link.h"

struct QueueDefinition {
    pthread_mutex_t mutex;
    uint8_t *items;
    UBaseType_t length, size, first, count;
};
_Static_assert(sizeof(struct QueueDefinition) <= sizeof(StaticQueue_t), "the static queue has room");

QueueHandle_t xQueueCreateStatic(UBaseType_t length, UBaseType_t size, uint8_t *items, StaticQueue_t *memory) {
    QueueHandle_t q = (QueueHandle_t)(void *)memory;
    *q = (struct QueueDefinition){.items = items, .length = length, .size = size};
    pthread_mutex_init(&q->mutex, NULL);
    return q;
}

BaseType_t xQueueSend(QueueHandle_t q, const void *item, TickType_t ticks) {
    (void)ticks;
    pthread_mutex_lock(&q->mutex);
    const BaseType_t room = q->count < q->length;
    if (room) {
        memcpy(q->items + (q->first + q->count++) % q->length * q->size, item, q->size);
    }
    pthread_mutex_unlock(&q->mutex);
    return room;
}

BaseType_t xQueueReceive(QueueHandle_t q, void *item, TickType_t ticks) {
    (void)ticks;
    pthread_mutex_lock(&q->mutex);
    const BaseType_t there = q->count > 0;
    if (there) {
        memcpy(item, q->items + q->first * q->size, q->size);
        q->first = (q->first + 1) % q->length;
        q->count--;
    }
    pthread_mutex_unlock(&q->mutex);
    return there;
}

/* What Python does: publish returns 0, or less when the outbox is full. */
typedef int (*publish_function)(const char *topic, const char *data, int n, int qos, int retain);
typedef void (*subscribe_function)(const char *first, const char *second, int qos);
static publish_function publish;
static subscribe_function subscribe;
static esp_event_handler_t handler;
static void *handler_ctx;
static esp_mqtt_client_config_t configured;
static mqtt_link link;

esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t *config) {
    configured = *config;
    return (esp_mqtt_client_handle_t)(void *)&configured;
}
esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t client, esp_mqtt_event_id_t event,
                                         esp_event_handler_t function, void *ctx) {
    (void)client;
    handler = function;
    handler_ctx = ctx;
    return event == MQTT_EVENT_ANY ? ESP_OK : -1;
}
esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t client) {
    (void)client;
    return ESP_OK;
}
int esp_mqtt_client_subscribe_multiple(esp_mqtt_client_handle_t client, const esp_mqtt_topic_t *topics, int size) {
    (void)client;
    subscribe(topics[0].filter, topics[1].filter, size == 2 && topics[0].qos == topics[1].qos ? topics[0].qos : -1);
    return 1;
}
int esp_mqtt_client_enqueue(esp_mqtt_client_handle_t client, const char *topic, const char *data, int len, int qos,
                            int retain, bool store) {
    (void)client;
    return store ? publish(topic, data, len > 0 ? len : (int)strlen(data), qos, retain) : -1;
}
esp_err_t esp_crt_bundle_attach(void *conf) {
    (void)conf;
    return ESP_OK;
}
void declared_log(const char *tag, const char *format, ...) {
    (void)tag;
    (void)format;
}

/* For Python. */
static mqtt_settings settings;
static message_link messages;
message_link *glue_open(const char *fleet, const char *name, const char *user, const char *ca, publish_function p,
                        subscribe_function s) {
    publish = p;
    subscribe = s;
    settings = (mqtt_settings){strdup(fleet), strdup(name), "mqtts://broker", strdup(user), strdup(user), strdup(ca)};
    if (mqtt_link_start(&link, &settings) < 0) {
        return NULL;
    }
    messages = mqtt_link_messages(&link);
    return &messages;
}
void glue_event(int id) {
    esp_mqtt_event_t event = {.event_id = (esp_mqtt_event_id_t)id};
    handler(handler_ctx, "MQTT_EVENTS", id, &event);
}
/* A payload in pieces of so many bytes; only the first has the topic. */
void glue_data(const char *topic, const char *data, int n, int piece) {
    int at = 0;
    do {
        const int bytes = n - at < piece ? n - at : piece;
        char *copy = malloc((size_t)bytes + 1u);
        memcpy(copy, data + at, (size_t)bytes);
        esp_mqtt_event_t event = {.event_id = MQTT_EVENT_DATA,
                                  .data = copy,
                                  .data_len = bytes,
                                  .total_data_len = n,
                                  .current_data_offset = at,
                                  .topic = at == 0 ? strdup(topic) : NULL,
                                  .topic_len = at == 0 ? (int)strlen(topic) : 0};
        handler(handler_ctx, "MQTT_EVENTS", MQTT_EVENT_DATA, &event);
        free(copy);
        free(event.topic);
        at += bytes;
    } while (at < n);
}
const char *glue_will_topic(void) { return configured.session.last_will.topic; }
const char *glue_will(void) { return configured.session.last_will.msg; }
const char *glue_user(void) { return configured.credentials.username; }
const char *glue_ca(void) { return configured.broker.verification.certificate; }
int glue_trusts_bundle(void) { return configured.broker.verification.crt_bundle_attach == esp_crt_bundle_attach; }
uint32_t glue_outbox_limit(void) { return (uint32_t)configured.outbox.limit; }
