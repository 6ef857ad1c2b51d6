/*
 * From tinyfl/wire/tinyfl.cddl by tinyfl.wire.generate: change those, not this file.
 *
 * Generated using zcbor version 0.9.1
 * https://github.com/NordicSemiconductor/zcbor
 * Generated with a --default-max-qty of 3
 */

#ifndef TF_MESSAGES_TYPES_H__
#define TF_MESSAGES_TYPES_H__

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <zcbor_common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which value for --default-max-qty this file was created with.
 *
 *  The define is used in the other generated file to do a build-time
 *  compatibility check.
 *
 *  See `zcbor --help` for more information about --default-max-qty
 */
#define DEFAULT_MAX_QTY 3

struct put {
	uint32_t scheme;
	uint32_t version;
	uint32_t start;
	uint32_t count;
	uint32_t k;
	struct zcbor_string data;
};

struct train {
	uint32_t scheme;
	uint32_t round;
	uint32_t version;
	uint32_t digest;
	uint32_t epochs;
	int32_t lr_shift;
	bool share;
	bool replay;
	struct zcbor_string shifts;
};

struct fetch {
	uint32_t round;
	uint32_t start;
	uint32_t space;
};

struct commit {
	uint32_t round;
};

struct evaluate {
	uint32_t set;
};

struct request {
	uint32_t protocol;
	uint32_t id;
	union {
		struct put put_m;
		struct train train_m;
		struct fetch fetch_m;
		struct commit commit_m;
		struct evaluate evaluate_m;
	};
	enum {
		request_ask_info_m_c,
		request_ask_put_m_c,
		request_ask_train_m_c,
		request_ask_fetch_m_c,
		request_ask_commit_m_c,
		request_ask_evaluate_m_c,
	} ask_choice;
};

struct failed {
	uint32_t code;
	uint32_t field;
	uint32_t have;
};

struct facts {
	struct zcbor_string name;
	uint32_t network;
	uint32_t scheme;
	uint32_t base_version;
	uint32_t base_digest;
	uint32_t last_round;
	uint32_t round;
	uint32_t state;
	uint32_t progress;
	uint32_t total;
	uint32_t fresh;
	uint32_t factory;
	uint32_t boots;
	uint32_t weights_digest;
	uint32_t flash_writes;
};

struct report {
	struct facts facts_m;
};

struct accepted {
	uint32_t version;
	uint32_t start;
	uint32_t count;
};

struct tally {
	uint32_t examples;
	uint32_t steps;
	uint64_t p_sum;
	uint32_t saturated;
	uint32_t train_ms;
};

struct trained {
	uint32_t round;
	uint32_t phase;
	struct tally tally_m;
};

struct delta {
	uint32_t round;
	uint32_t digest;
	struct tally tally_m;
	uint32_t start;
	uint32_t count;
	uint32_t k;
	struct zcbor_string data;
};

struct committed {
	uint32_t round;
};

struct score {
	uint32_t set;
	bool finished;
	uint32_t count;
	uint32_t correct;
};

struct hello {
	struct facts facts_m;
};

struct done {
	uint32_t state;
	uint32_t round;
};

struct answer {
	uint32_t protocol;
	uint32_t id;
	union {
		struct failed failed_m;
		struct report report_m;
		struct accepted accepted_m;
		struct trained trained_m;
		struct delta delta_m;
		struct committed committed_m;
		struct score score_m;
		struct hello hello_m;
		struct done done_m;
	};
	enum {
		answer_reply_failed_m_c,
		answer_reply_report_m_c,
		answer_reply_accepted_m_c,
		answer_reply_trained_m_c,
		answer_reply_delta_m_c,
		answer_reply_committed_m_c,
		answer_reply_score_m_c,
		answer_reply_hello_m_c,
		answer_reply_done_m_c,
	} reply_choice;
};

#ifdef __cplusplus
}
#endif

#endif /* TF_MESSAGES_TYPES_H__ */
