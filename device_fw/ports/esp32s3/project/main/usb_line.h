#ifndef USB_LINE_H
#define USB_LINE_H

#include "serial_messages.h"

/* Makes the chip's own USB serial port (USB-Serial-JTAG) a byte line. TF_ERR_IO. */
int usb_line_open(byte_line *line);

#endif
