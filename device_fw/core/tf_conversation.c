#include "tf_conversation.h"

#include <string.h>

#include "tf_messages_decode.h"
#include "tf_messages_encode.h"
#include "tf_rice.h"
#include "tf_round.h"
#include "tf_shared.h"
#include "tf_windows.h"
#include "zcbor_decode.h"

enum { PHASE_COMMITTED, PHASE_TRAINING, PHASE_TRAINED };

static int say(tf_device *dev, uint32_t id, struct answer *answer) {
    size_t n;
    answer->protocol = TF_PROTOCOL;
    answer->id = id;
    if (cbor_encode_answer(dev->tx, sizeof dev->tx, answer, &n) != ZCBOR_SUCCESS) {
        return TF_ERR_SPACE;
    }
    return dev->port->send(dev->port->ctx, dev->tx, (uint32_t)n);
}

static int say_verdict(tf_device *dev, uint32_t id, tf_verdict verdict) {
    struct answer answer = {.reply_choice = answer_reply_failed_m_c};
    answer.failed_m = (struct failed){(uint32_t)-verdict.status, verdict.field, verdict.have};
    return say(dev, id, &answer);
}

static int refuse(tf_device *dev, uint32_t id, int status, tf_field field, uint32_t have) {
    return say_verdict(dev, id, (tf_verdict){status, field, have});
}

tf_state tf_reported_state(const tf_device *dev) {
    return dev->evaluation.active ? TF_EVALUATING : (tf_state)dev->state;
}

static struct facts facts_of(const tf_device *dev) {
    const int busy = dev->state != TF_IDLE;
    return (struct facts){
        .name = {.value = (const uint8_t *)dev->name, .len = strlen(dev->name)},
        .network = dev->model->network_id,
        .scheme = dev->model->scheme_id,
        .base_version = dev->base_version,
        .base_digest = tf_base_digest(dev),
        .last_round = dev->last_round,
        .round = busy ? dev->job.round : 0,
        .state = tf_reported_state(dev),
        .progress = dev->evaluation.active ? dev->evaluation.count
                    : busy                 ? dev->tally.steps
                                           : 0,
        .total = !dev->evaluation.active && busy ? tf_round_total(dev) : 0,
        .fresh = dev->window_count - tf_windows_shipped(dev),
        .factory = tf_windows_shipped(dev),
        .boots = dev->boots,
        .weights_digest = tf_weights_digest(dev),
        .flash_writes = dev->flash.erases[0] + dev->flash.erases[1],
    };
}

int tf_say_hello(tf_device *dev) {
    struct answer answer = {.reply_choice = answer_reply_hello_m_c};
    answer.hello_m.facts_m = facts_of(dev);
    return say(dev, 0, &answer);
}

int tf_say_done(tf_device *dev) {
    struct answer answer = {.reply_choice = answer_reply_done_m_c};
    answer.done_m = (struct done){dev->state, dev->state == TF_IDLE ? 0 : dev->job.round};
    return say(dev, 0, &answer);
}

static int answer_info(tf_device *dev, uint32_t id) {
    struct answer answer = {.reply_choice = answer_reply_report_m_c};
    answer.report_m.facts_m = facts_of(dev);
    return say(dev, id, &answer);
}

/* Whether the data says exactly count values. */
static int check_chunk(const struct put *put) {
    tf_rice_reader reader = {.data = put->data.value, .bytes = (uint32_t)put->data.len, .k = (uint8_t)put->k};
    int32_t value;
    for (uint32_t i = 0; i < put->count; i++) {
        if (tf_rice_read(&reader, &value) < 0) {
            return TF_ERR_MALFORMED;
        }
    }
    return tf_rice_end(&reader);
}

static void take_chunk(tf_device *dev, const struct put *put) {
    tf_rice_reader reader = {.data = put->data.value, .bytes = (uint32_t)put->data.len, .k = (uint8_t)put->k};
    int32_t value;
    tf_cursor at = tf_cursor_at(dev->model, put->start);
    for (uint32_t i = 0; i < put->count && tf_rice_read(&reader, &value) == TF_OK; i++, tf_cursor_next(&at)) {
        tf_base_set(dev, &at, value);
    }
    dev->base_version = put->version;
}

static int answer_put(tf_device *dev, uint32_t id, const struct put *put) {
    if (put->scheme != dev->model->scheme_id) {
        return refuse(dev, id, TF_ERR_VERSION, TF_FIELD_SCHEME, dev->model->scheme_id);
    }
    if (put->start >= tf_shared_count(dev)) {
        return refuse(dev, id, TF_ERR_ARGUMENT, TF_FIELD_START, tf_shared_count(dev));
    }
    const uint32_t most = tf_shared_part_end(dev, put->start) - put->start;
    if (put->count == 0 || put->count > most) {
        return refuse(dev, id, TF_ERR_ARGUMENT, TF_FIELD_COUNT, most);
    }
    if (check_chunk(put) < 0) {
        return refuse(dev, id, TF_ERR_MALFORMED, TF_FIELD_DATA, 0);
    }
    const int repeated = dev->state != TF_IDLE && put->version == dev->base_version;
    if (!repeated) {
        if (dev->state != TF_IDLE && tf_round_abandon(dev) < 0) {
            return refuse(dev, id, TF_ERR_IO, TF_FIELD_STATE, dev->state);
        }
        take_chunk(dev, put);
    }
    struct answer answer = {.reply_choice = answer_reply_accepted_m_c};
    answer.accepted_m = (struct accepted){put->version, put->start, put->count};
    return say(dev, id, &answer);
}

static struct tally tally_of(const tf_device *dev) {
    const tf_tally *tally = &dev->tally;
    return (struct tally){tally->examples, tally->steps, tally->p_sum, tally->saturated, tally->ms};
}

static int answer_train(tf_device *dev, uint32_t id, const struct train *train) {
    struct answer answer = {.reply_choice = answer_reply_trained_m_c};
    answer.trained_m.round = train->round;
    if (train->scheme != dev->model->scheme_id) {
        return refuse(dev, id, TF_ERR_VERSION, TF_FIELD_SCHEME, dev->model->scheme_id);
    }
    if (train->round != 0 && train->round == dev->last_round) {
        answer.trained_m.phase = PHASE_COMMITTED;
        return say(dev, id, &answer);
    }
    if (train->shifts.len != dev->shared_tensors && (train->share || train->shifts.len != 0)) {
        return refuse(dev, id, TF_ERR_ARGUMENT, TF_FIELD_SHIFTS, dev->shared_tensors);
    }
    tf_job job = {
        .round = train->round,
        .version = train->version,
        .digest = train->digest,
        .epochs = (uint16_t)train->epochs,
        .lr_shift = (int8_t)train->lr_shift,
        .share = train->share,
        .replay = train->replay,
    };
    if (train->shifts.len > 0) {
        memcpy(job.shifts, train->shifts.value, train->shifts.len);
    }
    const tf_verdict verdict = tf_round_train(dev, &job);
    if (verdict.status < 0) {
        return say_verdict(dev, id, verdict);
    }
    answer.trained_m.phase = dev->state == TF_TRAINED ? PHASE_TRAINED : PHASE_TRAINING;
    answer.trained_m.tally_m = tally_of(dev);
    return say(dev, id, &answer);
}

/* Codes the next range into the end of tx; encoding the answer moves it to its place. */
static void encode_range(tf_device *dev, const struct fetch *fetch, struct delta *delta) {
    tf_rice_choice choice;
    tf_rice_choose(&choice, 8u * fetch->space);
    const uint32_t end = tf_shared_part_end(dev, fetch->start);
    tf_cursor at = tf_cursor_at(dev->model, fetch->start);
    while (at.index < end && tf_rice_consider(&choice, tf_delta_at(dev, &at))) {
        tf_cursor_next(&at);
    }
    delta->start = fetch->start;
    delta->k = tf_rice_chosen(&choice, &delta->count);
    tf_rice_writer writer = {
        .data = dev->tx + sizeof dev->tx - TF_CHUNK_BYTES, .bytes = fetch->space, .k = (uint8_t)delta->k};
    at = tf_cursor_at(dev->model, fetch->start);
    for (uint32_t i = 0; i < delta->count; i++, tf_cursor_next(&at)) {
        tf_rice_write(&writer, tf_delta_at(dev, &at));
    }
    delta->data = (struct zcbor_string){.value = writer.data, .len = tf_rice_finish(&writer)};
}

static int answer_fetch(tf_device *dev, uint32_t id, const struct fetch *fetch) {
    if (dev->state != TF_TRAINED || !tf_round_makes_delta(&dev->job) || dev->folded) {
        return refuse(dev, id, TF_ERR_STATE, TF_FIELD_STATE, dev->state);
    }
    if (fetch->round != dev->job.round) {
        return refuse(dev, id, TF_ERR_STATE, TF_FIELD_ROUND, dev->job.round);
    }
    if (fetch->start >= tf_shared_count(dev)) {
        return refuse(dev, id, TF_ERR_ARGUMENT, TF_FIELD_START, tf_shared_count(dev));
    }
    if (fetch->space < TF_RICE_WORST_BYTES) {
        return refuse(dev, id, TF_ERR_ARGUMENT, TF_FIELD_SPACE, TF_RICE_WORST_BYTES);
    }
    struct answer answer = {.reply_choice = answer_reply_delta_m_c};
    answer.delta_m.round = fetch->round;
    answer.delta_m.digest = dev->delta_digest;
    answer.delta_m.tally_m = tally_of(dev);
    encode_range(dev, fetch, &answer.delta_m);
    return say(dev, id, &answer);
}

static int answer_commit(tf_device *dev, uint32_t id, const struct commit *commit) {
    const tf_verdict verdict = tf_round_commit(dev, commit->round);
    if (verdict.status < 0) {
        return say_verdict(dev, id, verdict);
    }
    struct answer answer = {.reply_choice = answer_reply_committed_m_c};
    answer.committed_m.round = commit->round;
    return say(dev, id, &answer);
}

static int answer_evaluate(tf_device *dev, uint32_t id, const struct evaluate *evaluate) {
    const tf_verdict verdict = tf_evaluation_start(dev, evaluate->set);
    if (verdict.status < 0) {
        return say_verdict(dev, id, verdict);
    }
    struct answer answer = {.reply_choice = answer_reply_score_m_c};
    answer.score_m =
        (struct score){evaluate->set, dev->evaluation.finished, dev->evaluation.count, dev->evaluation.correct};
    return say(dev, id, &answer);
}

/* The two fields that every protocol version keeps. */
static int peek(const uint8_t *bytes, uint32_t n, uint32_t *protocol, uint32_t *id) {
    zcbor_state_t state[3];
    zcbor_new_decode_state(state, sizeof state / sizeof state[0], bytes, n, 1, NULL, 0);
    return zcbor_list_start_decode(state) && zcbor_uint32_decode(state, protocol) && zcbor_uint32_decode(state, id);
}

int tf_device_receive(tf_device *dev, const uint8_t *bytes, uint32_t n) {
    struct request request;
    uint32_t protocol;
    uint32_t id = 0;
    size_t used = 0;
    if (n > TF_MESSAGE_BYTES || !peek(bytes, n, &protocol, &id)) {
        return refuse(dev, 0, TF_ERR_MALFORMED, TF_FIELD_NONE, 0);
    }
    if (protocol != TF_PROTOCOL) {
        return refuse(dev, id, TF_ERR_VERSION, TF_FIELD_PROTOCOL, TF_PROTOCOL);
    }
    if (cbor_decode_request(bytes, n, &request, &used) != ZCBOR_SUCCESS || used != n) {
        return refuse(dev, id, TF_ERR_MALFORMED, TF_FIELD_NONE, 0);
    }
    switch (request.ask_choice) {
    case request_ask_info_m_c:
        return answer_info(dev, id);
    case request_ask_put_m_c:
        return answer_put(dev, id, &request.put_m);
    case request_ask_train_m_c:
        return answer_train(dev, id, &request.train_m);
    case request_ask_fetch_m_c:
        return answer_fetch(dev, id, &request.fetch_m);
    case request_ask_commit_m_c:
        return answer_commit(dev, id, &request.commit_m);
    case request_ask_evaluate_m_c:
        return answer_evaluate(dev, id, &request.evaluate_m);
    }
    return refuse(dev, id, TF_ERR_MALFORMED, TF_FIELD_NONE, 0);
}
