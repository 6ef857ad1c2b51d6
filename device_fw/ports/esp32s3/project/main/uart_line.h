#ifndef UART_LINE_H
#define UART_LINE_H

#include "serial_messages.h"

/* Opens the UART that the configuration names, 8N1, and makes it a byte line. TF_ERR_IO. */
int uart_line_open(byte_line *line);

#endif
