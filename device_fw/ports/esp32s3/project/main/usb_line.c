#include "usb_line.h"

#include "driver/usb_serial_jtag.h"
#include "freertos/FreeRTOS.h"

#define ARRIVED_BYTES 1024u
#define LEAVING_BYTES 512u /* two frames */

static int line_read(void *ctx, uint8_t *to, uint32_t most, uint32_t wait_ms) {
    (void)ctx;
    int got = usb_serial_jtag_read_bytes(to, 1, pdMS_TO_TICKS(wait_ms));
    if (got > 0) {
        const int more = usb_serial_jtag_read_bytes(to + 1, most - 1u, 0);
        got += more > 0 ? more : 0;
    }
    return got < 0 ? TF_ERR_IO : got;
}

/* All or nothing; nothing while no host fetches what is in the buffer. */
static int line_write(void *ctx, const uint8_t *from, uint32_t n) {
    (void)ctx;
    const int taken = usb_serial_jtag_write_bytes(from, n, 0);
    return taken < 0 ? TF_ERR_IO : taken;
}

int usb_line_open(byte_line *line) {
    usb_serial_jtag_driver_config_t config = {.tx_buffer_size = LEAVING_BYTES, .rx_buffer_size = ARRIVED_BYTES};
    *line = (byte_line){.read = line_read, .write = line_write};
    return usb_serial_jtag_driver_install(&config) == ESP_OK ? TF_OK : TF_ERR_IO;
}
