#ifndef TF_FLASH_H
#define TF_FLASH_H

#include "tf_device.h"

/*
 * The state of a device in flash, in two slots that take turns: a copy counts once its header, written last, is
 * whole, so a power cut leaves the older one. Layout: docs/SPEC.md.
 */

/* Finds the newest whole copy of this model's state, loads it and leaves the mark of a boot. TF_ERR_EMPTY,
 * TF_ERR_MALFORMED: there is none, or none that tf_flash_store can have written; the planes may hold anything.
 * TF_ERR_IO: flash failed. */
int tf_flash_mount(tf_device *dev);

/* Loads the newest copy again, all but the base. */
int tf_flash_reload(tf_device *dev);

/* Writes the state once, over the older copy. TF_ERR_IO: it failed, the newest copy is still whole. */
int tf_flash_store(tf_device *dev);

#endif
