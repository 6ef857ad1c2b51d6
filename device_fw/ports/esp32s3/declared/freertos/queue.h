#ifndef DECLARED_FREERTOS_QUEUE_H
#define DECLARED_FREERTOS_QUEUE_H

#include "freertos/FreeRTOS.h"

/* IDF has them as macros around functions of these types. */
typedef struct QueueDefinition *QueueHandle_t;

QueueHandle_t xQueueCreateStatic(UBaseType_t uxQueueLength, UBaseType_t uxItemSize, uint8_t *pucQueueStorageBuffer,
                                 StaticQueue_t *pxQueueBuffer);
BaseType_t xQueueSend(QueueHandle_t xQueue, const void *pvItemToQueue, TickType_t xTicksToWait);
BaseType_t xQueueReceive(QueueHandle_t xQueue, void *pvBuffer, TickType_t xTicksToWait);

#endif
