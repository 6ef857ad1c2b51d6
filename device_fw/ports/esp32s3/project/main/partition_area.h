#ifndef PARTITION_AREA_H
#define PARTITION_AREA_H

#include "flash_area.h"
#include "recordings.h"

/* The data partition of that label (partitions.csv) as flash. TF_ERR_EMPTY: there is none. */
int partition_area(flash_area *area, const char *label);

/* The recordings in that partition, mapped into memory. TF_ERR_EMPTY: none of this model's. TF_ERR_IO. */
int partition_recordings(tfr_recordings *recordings, const char *label, const tf_model *model);

#endif
