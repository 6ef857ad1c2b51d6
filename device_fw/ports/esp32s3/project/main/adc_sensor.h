#ifndef ADC_SENSOR_H
#define ADC_SENSOR_H

#include "esp_adc/adc_oneshot.h"
#include "tf_sensor.h"

/* One pin of ADC1, which Wi-Fi leaves alone, as the configuration names it: 0 to 1 of full scale (about 3.1 V). */
typedef struct {
    adc_oneshot_unit_handle_t unit;
} adc_sensor;

tf_sensor adc_sensor_of(adc_sensor *adc);

#endif
