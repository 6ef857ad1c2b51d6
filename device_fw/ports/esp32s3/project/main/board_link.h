#ifndef BOARD_LINK_H
#define BOARD_LINK_H

#include "message_link.h"
#include "provision.h"

/* Opens the line that the configuration chooses: USB, UART, or Wi-Fi with MQTT. who must stay. A negative tf_status. */
int board_link_open(message_link *link, const provision *who, uint32_t (*now_ms)(void));

#endif
