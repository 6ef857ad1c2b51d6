#include "board_link.h"

#include "sdkconfig.h"

#if CONFIG_TINYFL_LINE_MQTT
#include "mqtt_link.h"
#include "wifi_station.h"

int board_link_open(message_link *link, const provision *who, uint32_t (*now_ms)(void)) {
    static mqtt_link mqtt;
    const mqtt_settings settings = {
        .fleet = who->fleet,
        .name = who->name,
        .broker = who->broker,
        .user = who->user,
        .secret = who->secret,
        .ca = who->ca,
    };
    (void)now_ms;
    if (who->fleet[0] == '\0' || who->broker[0] == '\0') {
        return TF_ERR_EMPTY;
    }
    int status = wifi_station_start(who->ssid, who->password);
    if (status >= 0) {
        status = mqtt_link_start(&mqtt, &settings);
    }
    *link = mqtt_link_messages(&mqtt);
    return status;
}
#else
#include "esp_random.h"
#include "serial_messages.h"
#if CONFIG_TINYFL_LINE_UART
#include "uart_line.h"
#define LINE_OPEN uart_line_open
#else
#include "usb_line.h"
#define LINE_OPEN usb_line_open
#endif

int board_link_open(message_link *link, const provision *who, uint32_t (*now_ms)(void)) {
    static byte_line line;
    static serial_messages serial;
    (void)who;
    const int status = LINE_OPEN(&line);
    serial_messages_init(&serial, &line, now_ms, esp_random());
    *link = serial_messages_link(&serial);
    return status;
}
#endif
