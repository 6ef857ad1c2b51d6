#ifndef IMU_CHIPS_H
#define IMU_CHIPS_H

#include <stdint.h>

/* Inertial sensors behind I2C registers: what to write, what to read, what it means. */
#define IMU_CHANNELS 6u
#define IMU_WHO_AM_I 0x75u /* register with the chip's identity; both have it */
#define IMU_DATA_BYTES 14u /* the most a chip's sample has */

typedef struct {
    uint8_t reg, value;
    uint8_t wait_ms; /* before the next access */
} imu_write;

typedef struct {
    const char *name;
    uint8_t identity;       /* of IMU_WHO_AM_I */
    const imu_write *setup; /* to be written in this order */
    uint8_t setup_count;
    uint8_t data;       /* first register of a sample */
    uint8_t data_bytes; /* of a sample */
    uint8_t gyro_at;    /* where in it the rotation begins; acceleration is first */
} imu_chip;

/* Both at +-8 g and +-2000 degrees/s, 44 and 50 Hz of bandwidth, 200 samples a second. */
extern const imu_chip imu_mpu6050, imu_icm42688;

/* values: ax, ay, az in g and wx, wy, wz in rad/s, from data [chip->data_bytes]. */
void imu_values(const imu_chip *chip, const uint8_t *data, float *values);

#endif
