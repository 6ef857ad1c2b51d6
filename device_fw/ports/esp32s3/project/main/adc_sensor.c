#include "adc_sensor.h"

#include "sdkconfig.h"
#include "tf_status.h"

#define CHANNEL ((adc_channel_t)CONFIG_TINYFL_ADC_CHANNEL)
#define FULL_SCALE 4095.0f /* 12 bits */

static int begin(void *ctx) {
    adc_sensor *adc = ctx;
    const adc_oneshot_unit_init_cfg_t unit = {.unit_id = ADC_UNIT_1};
    const adc_oneshot_chan_cfg_t channel = {.atten = ADC_ATTEN_DB_12, .bitwidth = ADC_BITWIDTH_12};
    return adc_oneshot_new_unit(&unit, &adc->unit) == ESP_OK &&
                   adc_oneshot_config_channel(adc->unit, CHANNEL, &channel) == ESP_OK
               ? TF_OK
               : TF_ERR_IO;
}

static int sample(void *ctx, float *values) {
    const adc_sensor *adc = ctx;
    int raw = 0;
    const esp_err_t error = adc_oneshot_read(adc->unit, CHANNEL, &raw);
    values[0] = (float)raw / FULL_SCALE;
    return error == ESP_OK ? TF_OK : TF_ERR_IO;
}

tf_sensor adc_sensor_of(adc_sensor *adc) {
    return (tf_sensor){.ctx = adc, .channels = 1, .begin = begin, .sample = sample};
}
