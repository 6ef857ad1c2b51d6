#ifndef QUANTIZER_H
#define QUANTIZER_H

#include <stdint.h>

/*
 * Values of a sensor as the network's int8 input: q = SAT(floor(factor v + offset + 1/2)) with one factor and one
 * offset a channel, into which the build folds the mean and standard deviation of the data the network was trained on,
 * and the scale and zero point of its input. v, factor, offset, product and sum are float32. What is not a number
 * becomes -128.
 */
void quantize_values(const float *values, const float *factors, const float *offsets, uint32_t channels, int8_t *to);

#endif
