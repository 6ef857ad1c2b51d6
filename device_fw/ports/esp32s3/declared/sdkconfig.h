#ifndef DECLARED_SDKCONFIG_H
#define DECLARED_SDKCONFIG_H

/* As idf.py writes it from Kconfig.projbuild; one line and one sensor are chosen on the compiler's command line. */
#define CONFIG_TINYFL_UART_PORT 1
#define CONFIG_TINYFL_UART_TX 17
#define CONFIG_TINYFL_UART_RX 18
#define CONFIG_TINYFL_UART_BAUD 115200
#define CONFIG_TINYFL_I2C_SDA 8
#define CONFIG_TINYFL_I2C_SCL 9
#define CONFIG_TINYFL_I2C_ADDRESS 0x68
#define CONFIG_TINYFL_ADC_CHANNEL 0
#define CONFIG_TINYFL_BUTTON 0
#define CONFIG_TINYFL_SRAM_BYTES 262144

#endif
