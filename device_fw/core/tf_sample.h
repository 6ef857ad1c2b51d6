#ifndef TF_SAMPLE_H
#define TF_SAMPLE_H

#include "tf_net.h"

/*
 * Whether n bytes are a sample of the model: TF_OK, TF_ERR_EMPTY without any, TF_ERR_SPACE for too many,
 * TF_ERR_ARGUMENT for too few, none at all (null), a token or a step's label that does not exist.
 */
int tf_sample_labelled(const tf_model *model, const int8_t *x, uint32_t n);
/* The same of what inference reads: of a sequence without the labels of its steps. */
int tf_sample_unlabelled(const tf_model *model, const int8_t *x, uint32_t n);
/* The same of one step. */
int tf_sample_step(const tf_model *model, const int8_t *x, uint32_t n);

#endif
