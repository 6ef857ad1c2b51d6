#include "quantizer.h"

static int8_t rounded(float v) {
    if (!(v > -128.0f)) {
        return -128;
    }
    if (v >= 127.0f) {
        return 127;
    }
    int whole = (int)v; /* towards 0 */
    float rest = v - (float)whole;
    if (rest < 0) {
        whole--;
        rest += 1.0f;
    }
    return (int8_t)(rest >= 0.5f ? whole + 1 : whole);
}

void quantize_values(const float *values, const float *factors, const float *offsets, uint32_t channels, int8_t *to) {
    for (uint32_t i = 0; i < channels; i++) {
        to[i] = rounded(factors[i] * values[i] + offsets[i]);
    }
}
