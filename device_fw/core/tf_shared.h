#ifndef TF_SHARED_H
#define TF_SHARED_H

#include "tf_device.h"

/*
 * The shared space: all shared trained weights in graph order, then all shared trained biases. A cursor walks it.
 */
typedef struct {
    const tf_model *model;
    uint32_t index;  /* in the shared space */
    uint32_t plane;  /* the same element in tf_net.w and .f or .b */
    uint16_t tensor; /* in model->tensors */
    uint16_t shared; /* how many shared tensors come before this one */
    uint32_t left;   /* elements left in this tensor, 0: past the end */
} tf_cursor;

/* index <= elements of the shared space. */
tf_cursor tf_cursor_at(const tf_model *model, uint32_t index);
void tf_cursor_next(tf_cursor *at);

/* Elements of the shared space. */
uint32_t tf_shared_count(const tf_device *dev);
/* The end of the part (weights or biases) that element `start` lies in. */
uint32_t tf_shared_part_end(const tf_device *dev, uint32_t start);

/* Sets one element of the base to factory + offset, clamped as docs/NUMERICS.md section 6 says. */
void tf_base_set(tf_device *dev, const tf_cursor *at, int32_t offset);
/* CRC-32 of all offsets of the base, int32 little-endian. */
uint32_t tf_base_digest(const tf_device *dev);
/* The base as shipped: every offset zero. */
void tf_base_reset(tf_device *dev);
/* Makes the base the shared part of the network. */
void tf_base_apply(tf_device *dev);

/* Whether weights, biases and base keep the limits of docs/NUMERICS.md section 6, on which its sums' budgets rest. */
int tf_numbers_possible(const tf_device *dev);

/* One element q of the delta, docs/NUMERICS.md section 9, with the shifts of dev->job. */
int32_t tf_delta_at(const tf_device *dev, const tf_cursor *at);
/* CRC-32 of all q, int32 little-endian. */
uint32_t tf_delta_digest(const tf_device *dev);
/* Keeps in the residual what q does not say. */
void tf_delta_fold(tf_device *dev);

/* CRC-32 of w, then f, then b (little-endian). */
uint32_t tf_weights_digest(const tf_device *dev);

#endif
