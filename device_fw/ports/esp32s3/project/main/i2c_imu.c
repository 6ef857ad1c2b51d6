#include "i2c_imu.h"

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "tf_status.h"

#define CLOCK_HZ 400000u
#define TIMEOUT_MS 10

static int read_registers(const i2c_imu *imu, uint8_t reg, uint8_t *to, size_t n) {
    return i2c_master_transmit_receive(imu->device, &reg, 1, to, n, TIMEOUT_MS) == ESP_OK ? TF_OK : TF_ERR_IO;
}

static int set_up(const i2c_imu *imu) {
    for (uint32_t i = 0; i < imu->chip->setup_count; i++) {
        const imu_write *step = imu->chip->setup + i;
        const uint8_t bytes[] = {step->reg, step->value};
        if (i2c_master_transmit(imu->device, bytes, sizeof bytes, TIMEOUT_MS) != ESP_OK) {
            return TF_ERR_IO;
        }
        vTaskDelay(pdMS_TO_TICKS(step->wait_ms));
    }
    return TF_OK;
}

static int begin(void *ctx) {
    i2c_imu *imu = ctx;
    const i2c_master_bus_config_t pins = {
        .i2c_port = -1, /* whichever is free */
        .sda_io_num = (gpio_num_t)CONFIG_TINYFL_I2C_SDA,
        .scl_io_num = (gpio_num_t)CONFIG_TINYFL_I2C_SCL,
        .clk_source = I2C_CLK_SRC_DEFAULT,
        .glitch_ignore_cnt = 7,
        .flags.enable_internal_pullup = 1,
    };
    const i2c_device_config_t device = {
        .dev_addr_length = I2C_ADDR_BIT_LEN_7,
        .device_address = CONFIG_TINYFL_I2C_ADDRESS,
        .scl_speed_hz = CLOCK_HZ,
    };
    i2c_master_bus_handle_t bus;
    uint8_t identity = 0;
    if (i2c_new_master_bus(&pins, &bus) != ESP_OK || i2c_master_bus_add_device(bus, &device, &imu->device) != ESP_OK) {
        return TF_ERR_IO;
    }
    const int status = read_registers(imu, IMU_WHO_AM_I, &identity, 1);
    if (status < 0 || identity != imu->chip->identity) {
        return status < 0 ? status : TF_ERR_VERSION;
    }
    return set_up(imu);
}

static int sample(void *ctx, float *values) {
    const i2c_imu *imu = ctx;
    uint8_t data[IMU_DATA_BYTES];
    const int status = read_registers(imu, imu->chip->data, data, imu->chip->data_bytes);
    if (status >= 0) {
        imu_values(imu->chip, data, values);
    }
    return status;
}

tf_sensor i2c_imu_sensor(i2c_imu *imu) {
    return (tf_sensor){.ctx = imu, .channels = IMU_CHANNELS, .begin = begin, .sample = sample};
}
