#ifndef DEVICE_TURN_H
#define DEVICE_TURN_H

#include "message_link.h"
#include "outbox.h"
#include "tf_device.h"

/*
 * Does one step of work and handles a message, if one arrives within most_ms; waits only where there is nothing to do.
 * said is where the device's port puts what it sends. < 0: the device cannot go on.
 */
int device_turn(tf_device *dev, outbox *said, const message_link *link, uint32_t most_ms);

#endif
