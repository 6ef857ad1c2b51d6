#ifndef MQTT_LINK_H
#define MQTT_LINK_H

#include "fragments.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "message_link.h"
#include "mqtt_client.h"
#include "mqtt_topic.h"

/* Messages over an MQTT broker (docs/SPEC.md, "MQTT"); the client's own task brings them, a queue hands them over. */
#define MQTT_LINK_MESSAGES 3u

typedef struct {
    uint32_t n;
    uint8_t bytes[TF_MESSAGE_BYTES];
} mqtt_message;

typedef struct {
    const char *fleet, *name;
    const char *broker;        /* mqtt://host:port or mqtts://host:port */
    const char *user, *secret; /* empty: none */
    const char *ca;            /* PEM of whom to trust; empty: ESP-IDF's bundle of certificate authorities */
} mqtt_settings;

typedef struct {
    esp_mqtt_client_handle_t client;
    char up[MQTT_TOPIC_BYTES], down[MQTT_TOPIC_BYTES], state[MQTT_TOPIC_BYTES];
    StaticQueue_t queue_memory;
    uint8_t queue_bytes[MQTT_LINK_MESSAGES * sizeof(mqtt_message)];
    QueueHandle_t queue;
    fragments arriving; /* of the client's task */
    uint8_t arriving_is_state;
    uint8_t loss_said;
    volatile uint8_t online_due; /* of both tasks */
    mqtt_message whole;          /* of the client's task */
    mqtt_message current;        /* of the device's task; n 0: none */
} mqtt_link;

/* Starts the client, which finds a lost broker again; the link and the texts must stay. TF_ERR_ARGUMENT, TF_ERR_IO. */
int mqtt_link_start(mqtt_link *link, const mqtt_settings *settings);
message_link mqtt_link_messages(mqtt_link *link);

#endif
