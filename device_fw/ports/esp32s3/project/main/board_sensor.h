#ifndef BOARD_SENSOR_H
#define BOARD_SENSOR_H

#include "sdkconfig.h"
#include "tf_sensor.h"

/* The sensor that the configuration chooses; with CONFIG_TINYFL_SENSOR_NONE one of 0 channels. */
tf_sensor board_sensor(void);

#endif
