#ifndef TF_ROUND_H
#define TF_ROUND_H

#include "tf_device.h"

/* What a request and the device disagree on; numbers of ErrorField in docs/SPEC.md. */
typedef enum {
    TF_FIELD_NONE,
    TF_FIELD_PROTOCOL,
    TF_FIELD_SCHEME,
    TF_FIELD_ROUND,
    TF_FIELD_BASE_VERSION,
    TF_FIELD_DIGEST,
    TF_FIELD_START,
    TF_FIELD_COUNT,
    TF_FIELD_DATA,
    TF_FIELD_SHIFTS,
    TF_FIELD_SET,
    TF_FIELD_STATE,
    TF_FIELD_SPACE,
} tf_field;

/* A refusal: the status, the field in dispute and the device's value of it. */
typedef struct {
    int status;
    tf_field field;
    uint32_t have;
} tf_verdict;

#define TF_AGREED ((tf_verdict){TF_OK, TF_FIELD_NONE, 0})

/* Whether a round brings a delta back. Installing a base does not: nobody fetches it, so nothing may be folded. */
int tf_round_makes_delta(const tf_job *job);

/* Starts a round or recognises its repetition. */
tf_verdict tf_round_train(tf_device *dev, const tf_job *job);
/* Steps of the round under way; valid while training or trained. */
uint32_t tf_round_total(const tf_device *dev);
/* One training step; ends the round after the last. */
void tf_round_step(tf_device *dev);
/* Forgets a round that was not committed: all but the base goes back to the last commit. */
int tf_round_abandon(tf_device *dev);
/* Makes the round permanent. */
tf_verdict tf_round_commit(tf_device *dev, uint32_t round);

/* Starts an evaluation, or leaves it going or finished if it is the same set. */
tf_verdict tf_evaluation_start(tf_device *dev, uint32_t set);
/* One inference; ends the evaluation at the end of the set. */
int tf_evaluation_step(tf_device *dev);

#endif
