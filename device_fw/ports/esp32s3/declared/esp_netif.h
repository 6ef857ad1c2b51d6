#ifndef DECLARED_ESP_NETIF_H
#define DECLARED_ESP_NETIF_H

#include "esp_err.h"
#include "esp_event.h"

typedef struct esp_netif_obj esp_netif_t;
typedef enum { IP_EVENT_STA_GOT_IP } ip_event_t;
extern esp_event_base_t const IP_EVENT;

esp_err_t esp_netif_init(void);

#endif
