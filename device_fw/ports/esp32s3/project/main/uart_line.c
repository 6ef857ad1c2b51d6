#include "uart_line.h"

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "sdkconfig.h"

#define PORT ((uart_port_t)CONFIG_TINYFL_UART_PORT)
#define ARRIVED_BYTES 1024 /* what a gateway sends before it wants an answer fits twice */

static int line_read(void *ctx, uint8_t *to, uint32_t most, uint32_t wait_ms) {
    (void)ctx;
    size_t there = 0;
    int got = uart_read_bytes(PORT, to, 1, pdMS_TO_TICKS(wait_ms));
    if (got > 0 && uart_get_buffered_data_len(PORT, &there) == ESP_OK && there > 0) {
        const int more = uart_read_bytes(PORT, to + 1, there < most - 1u ? (uint32_t)there : most - 1u, 0);
        got += more > 0 ? more : 0;
    }
    return got < 0 ? TF_ERR_IO : got;
}

/* Into the FIFO alone: the driver has no buffer of its own for sending. */
static int line_write(void *ctx, const uint8_t *from, uint32_t n) {
    (void)ctx;
    const int taken = uart_tx_chars(PORT, (const char *)from, n);
    return taken < 0 ? TF_ERR_IO : taken;
}

int uart_line_open(byte_line *line) {
    const uart_config_t config = {
        .baud_rate = CONFIG_TINYFL_UART_BAUD,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };
    *line = (byte_line){.read = line_read, .write = line_write};
    if (uart_driver_install(PORT, ARRIVED_BYTES, 0, 0, NULL, 0) != ESP_OK ||
        uart_param_config(PORT, &config) != ESP_OK ||
        uart_set_pin(PORT, CONFIG_TINYFL_UART_TX, CONFIG_TINYFL_UART_RX, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE) !=
            ESP_OK) {
        return TF_ERR_IO;
    }
    return TF_OK;
}
