#ifndef TF_WINDOWS_H
#define TF_WINDOWS_H

#include "tf_device.h"

/* The store of labelled windows; docs/SPEC.md says which window yields and in which order they are learned. */

/* Puts a window in; the store must have a capacity of at least one. */
void tf_windows_put(tf_device *dev, const int8_t *x, uint16_t label, uint8_t origin);

/* How many windows of the store were shipped with the device. */
uint32_t tf_windows_shipped(const tf_device *dev);

/* Whether labels and origins are ones that exist. */
int tf_windows_possible(const tf_device *dev);

/* Slots to learn from, in the order of this epoch, into mem.order; returns their number. */
uint32_t tf_windows_order(tf_device *dev, uint32_t round, uint32_t epoch, int with_factory);

/* The window of a slot: int8 [input_bytes]. */
const int8_t *tf_windows_at(const tf_device *dev, uint16_t slot);

#endif
