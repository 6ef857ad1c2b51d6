#ifndef MQTT_TOPIC_H
#define MQTT_TOPIC_H

/* Topics of docs/SPEC.md, "MQTT": "tinyfl/", fleet, "/", device, "/", kind. */
#define MQTT_TOPIC_BYTES 80u /* two names of 32 bytes, the longest kind and the NUL */

/*
 * Writes a topic. TF_ERR_ARGUMENT: fleet or device does not have 1 .. 32 bytes or contains one of + # /, or the topic
 * is too long.
 */
int mqtt_topic(char topic[MQTT_TOPIC_BYTES], const char *fleet, const char *device, const char *kind);

#endif
