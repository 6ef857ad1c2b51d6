#include "imu_chips.h"

#define ACCELERATION (1.0f / 4096.0f)                 /* g a step at +-8 g */
#define ROTATION (2000.0f / 32768.0f * 0.0174532925f) /* rad/s a step at +-2000 degrees/s */

static const imu_write mpu6050_setup[] = {
    {0x6B, 0x80, 100}, /* PWR_MGMT_1: reset */
    {0x6B, 0x01, 10},  /* awake, clock of the gyroscope */
    {0x1A, 0x03, 0},   /* CONFIG: low pass at 44 Hz */
    {0x19, 0x04, 0},   /* SMPLRT_DIV: 1 kHz / 5 */
    {0x1B, 0x18, 0},   /* GYRO_CONFIG: +-2000 degrees/s */
    {0x1C, 0x10, 50},  /* ACCEL_CONFIG: +-8 g */
};

static const imu_write icm42688_setup[] = {
    {0x11, 0x01, 2},  /* DEVICE_CONFIG: reset */
    {0x4F, 0x07, 0},  /* GYRO_CONFIG0: +-2000 degrees/s, 200 Hz */
    {0x50, 0x27, 0},  /* ACCEL_CONFIG0: +-8 g, 200 Hz */
    {0x52, 0x33, 0},  /* GYRO_ACCEL_CONFIG0: low pass at 400 Hz / 8 */
    {0x4E, 0x0F, 50}, /* PWR_MGMT0: both in low noise mode */
};

const imu_chip imu_mpu6050 = {
    .name = "MPU6050",
    .identity = 0x68,
    .setup = mpu6050_setup,
    .setup_count = sizeof mpu6050_setup / sizeof mpu6050_setup[0],
    .data = 0x3B,
    .data_bytes = 14, /* the temperature lies between */
    .gyro_at = 8,
};

const imu_chip imu_icm42688 = {
    .name = "ICM-42688",
    .identity = 0x47,
    .setup = icm42688_setup,
    .setup_count = sizeof icm42688_setup / sizeof icm42688_setup[0],
    .data = 0x1F,
    .data_bytes = 12,
    .gyro_at = 6,
};

/* 16 bits of two's complement, high byte first. */
static float word(const uint8_t *at) { return (float)(int16_t)(uint16_t)(at[0] << 8 | at[1]); }

void imu_values(const imu_chip *chip, const uint8_t *data, float *values) {
    for (uint32_t i = 0; i < 3; i++) {
        values[i] = word(data + 2u * i) * ACCELERATION;
        values[3 + i] = word(data + chip->gyro_at + 2u * i) * ROTATION;
    }
}
