#include "tf_round.h"

#include <string.h>

#include "tf_flash.h"
#include "tf_shared.h"
#include "tf_windows.h"

#define MAX_SHIFT 31u

static tf_verdict refused(int status, tf_field field, uint32_t have) { return (tf_verdict){status, field, have}; }

static int same_job(const tf_job *a, const tf_job *b) {
    return a->round == b->round && a->version == b->version && a->digest == b->digest && a->epochs == b->epochs &&
           a->lr_shift == b->lr_shift && a->share == b->share && a->replay == b->replay &&
           memcmp(a->shifts, b->shifts, sizeof a->shifts) == 0;
}

int tf_round_makes_delta(const tf_job *job) { return job->share && job->epochs > 0; }

static void finish(tf_device *dev) {
    dev->state = TF_TRAINED;
    dev->tally.saturated = dev->net.saturated;
    dev->tally.ms = dev->port->now_ms(dev->port->ctx) - dev->started_ms;
    dev->delta_digest = tf_round_makes_delta(&dev->job) ? tf_delta_digest(dev) : 0;
}

static tf_verdict check(const tf_device *dev, const tf_job *job) {
    if (job->round == 0) {
        return refused(TF_ERR_ARGUMENT, TF_FIELD_ROUND, dev->last_round);
    }
    if (job->round <= dev->last_round) {
        return refused(TF_ERR_STATE, TF_FIELD_ROUND, dev->last_round);
    }
    if (job->version != dev->base_version) {
        return refused(TF_ERR_VERSION, TF_FIELD_BASE_VERSION, dev->base_version);
    }
    for (uint32_t i = 0; i < dev->shared_tensors; i++) {
        if (job->shifts[i] > MAX_SHIFT) {
            return refused(TF_ERR_ARGUMENT, TF_FIELD_SHIFTS, i);
        }
    }
    const uint32_t digest = tf_base_digest(dev);
    return job->digest == digest ? TF_AGREED : refused(TF_ERR_DIGEST, TF_FIELD_DIGEST, digest);
}

static int collect(tf_device *dev, uint32_t round) {
    if (dev->collected_round >= round) {
        return TF_OK;
    }
    const int status = dev->port->collect(dev->port->ctx, dev, dev->collected_round + 1u, round);
    dev->collected_round = round;
    return status;
}

tf_verdict tf_round_train(tf_device *dev, const tf_job *job) {
    if (dev->state != TF_IDLE && same_job(&dev->job, job)) {
        return TF_AGREED;
    }
    const tf_verdict verdict = check(dev, job);
    if (verdict.status < 0) {
        return verdict;
    }
    if ((dev->state != TF_IDLE || dev->stale) && tf_round_abandon(dev) < 0) {
        return refused(TF_ERR_IO, TF_FIELD_STATE, dev->state);
    }
    dev->evaluation = (tf_evaluation){0};
    dev->job = *job;
    dev->tally = (tf_tally){0};
    tf_base_apply(dev);
    if (job->epochs > 0 && collect(dev, job->round) < 0) {
        tf_round_abandon(dev);
        return refused(TF_ERR_IO, TF_FIELD_STATE, dev->state);
    }
    dev->net.lr_shift = job->lr_shift;
    dev->net.saturated = 0;
    dev->tally.examples = dev->window_count - (job->replay ? 0 : tf_windows_shipped(dev));
    dev->started_ms = dev->port->now_ms(dev->port->ctx);
    dev->state = TF_TRAINING;
    if (tf_round_total(dev) == 0) {
        finish(dev);
    }
    return TF_AGREED;
}

uint32_t tf_round_total(const tf_device *dev) { return dev->job.epochs * dev->tally.examples; }

void tf_round_step(tf_device *dev) {
    const uint32_t epoch = dev->tally.steps / dev->tally.examples;
    const uint32_t place = dev->tally.steps % dev->tally.examples;
    if (place == 0) {
        tf_windows_order(dev, dev->job.round, epoch, dev->job.replay);
    }
    const uint16_t slot = dev->mem.order[place];
    dev->tally.p_sum += dev->model->train_step(&dev->net, tf_windows_at(dev, slot), dev->mem.labels[slot]);
    dev->tally.steps++;
    if (dev->tally.steps == tf_round_total(dev)) {
        finish(dev);
    }
}

int tf_round_abandon(tf_device *dev) {
    dev->state = TF_IDLE;
    dev->folded = 0;
    dev->stale = 1;
    dev->evaluation = (tf_evaluation){0};
    const int status = tf_flash_reload(dev);
    if (status == TF_OK) {
        dev->stale = 0;
    }
    return status;
}

tf_verdict tf_round_commit(tf_device *dev, uint32_t round) {
    if (round != 0 && round == dev->last_round) {
        return TF_AGREED;
    }
    if (dev->state != TF_TRAINED) {
        return refused(TF_ERR_STATE, TF_FIELD_STATE, dev->state);
    }
    if (round != dev->job.round) {
        return refused(TF_ERR_STATE, TF_FIELD_ROUND, dev->job.round);
    }
    if (tf_round_makes_delta(&dev->job) && !dev->folded) {
        tf_delta_fold(dev);
        dev->folded = 1;
    }
    const uint32_t before = dev->last_round;
    dev->last_round = round;
    if (tf_flash_store(dev) < 0) {
        dev->last_round = before;
        return refused(TF_ERR_IO, TF_FIELD_NONE, 0);
    }
    dev->folded = 0;
    dev->state = TF_IDLE;
    return TF_AGREED;
}
