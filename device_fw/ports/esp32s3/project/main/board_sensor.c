#include "board_sensor.h"

#if CONFIG_TINYFL_SENSOR_MPU6050 || CONFIG_TINYFL_SENSOR_ICM42688
#include "i2c_imu.h"

tf_sensor board_sensor(void) {
#if CONFIG_TINYFL_SENSOR_MPU6050
    static i2c_imu imu = {.chip = &imu_mpu6050};
#else
    static i2c_imu imu = {.chip = &imu_icm42688};
#endif
    return i2c_imu_sensor(&imu);
}
#elif CONFIG_TINYFL_SENSOR_ADC
#include "adc_sensor.h"

tf_sensor board_sensor(void) {
    static adc_sensor adc;
    return adc_sensor_of(&adc);
}
#else
tf_sensor board_sensor(void) { return (tf_sensor){.channels = 0}; }
#endif
