#ifndef DECLARED_FREERTOS_FREERTOS_H
#define DECLARED_FREERTOS_FREERTOS_H

#include <stdint.h>

/* configTICK_RATE_HZ is CONFIG_FREERTOS_HZ of sdkconfig.defaults. */
typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;
typedef uint8_t StackType_t;
typedef struct {
    void *declared[88];
} StaticTask_t;
typedef struct {
    void *declared[21];
} StaticQueue_t;

#define pdTRUE ((BaseType_t)1)
#define configTICK_RATE_HZ 1000u
#define pdMS_TO_TICKS(xTimeInMs) ((TickType_t)(((uint64_t)(xTimeInMs) * configTICK_RATE_HZ) / 1000u))

#endif
