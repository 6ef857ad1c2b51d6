#ifndef I2C_IMU_H
#define I2C_IMU_H

#include "driver/i2c_master.h"
#include "imu_chips.h"
#include "tf_sensor.h"

/* An inertial sensor on the I2C pins that the configuration names: acceleration in g, rotation in rad/s. */
typedef struct {
    const imu_chip *chip; /* the caller's choice */
    i2c_master_dev_handle_t device;
} i2c_imu;

tf_sensor i2c_imu_sensor(i2c_imu *imu);

#endif
