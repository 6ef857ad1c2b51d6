#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wtype-limits"
/*
 * From tinyfl/wire/tinyfl.cddl by tinyfl.wire.generate: change those, not this file.
 *
 * Generated using zcbor version 0.9.1
 * https://github.com/NordicSemiconductor/zcbor
 * Generated with a --default-max-qty of 3
 */

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "zcbor_encode.h"
#include "tf_messages_encode.h"
#include "zcbor_print.h"

#if DEFAULT_MAX_QTY != 3
#error "The type file was generated with a different default_max_qty than this file"
#endif

#define log_result(state, result, func) do { \
	if (!result) { \
		zcbor_trace_file(state); \
		zcbor_log("%s error: %s\r\n", func, zcbor_error_str(zcbor_peek_error(state))); \
	} else { \
		zcbor_log("%s success\r\n", func); \
	} \
} while(0)

static bool encode_info(zcbor_state_t *state, const void *input);
static bool encode_put(zcbor_state_t *state, const struct put *input);
static bool encode_train(zcbor_state_t *state, const struct train *input);
static bool encode_fetch(zcbor_state_t *state, const struct fetch *input);
static bool encode_commit(zcbor_state_t *state, const struct commit *input);
static bool encode_evaluate(zcbor_state_t *state, const struct evaluate *input);
static bool encode_failed(zcbor_state_t *state, const struct failed *input);
static bool encode_facts(zcbor_state_t *state, const struct facts *input);
static bool encode_report(zcbor_state_t *state, const struct report *input);
static bool encode_accepted(zcbor_state_t *state, const struct accepted *input);
static bool encode_tally(zcbor_state_t *state, const struct tally *input);
static bool encode_trained(zcbor_state_t *state, const struct trained *input);
static bool encode_delta(zcbor_state_t *state, const struct delta *input);
static bool encode_committed(zcbor_state_t *state, const struct committed *input);
static bool encode_score(zcbor_state_t *state, const struct score *input);
static bool encode_hello(zcbor_state_t *state, const struct hello *input);
static bool encode_done(zcbor_state_t *state, const struct done *input);
static bool encode_answer(zcbor_state_t *state, const struct answer *input);
static bool encode_request(zcbor_state_t *state, const struct request *input);


static bool encode_info(
		zcbor_state_t *state, const void *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 1) && ((((zcbor_uint32_put(state, (1))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 1))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_put(
		zcbor_state_t *state, const struct put *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 7) && ((((zcbor_uint32_put(state, (2))))
	&& (((((((*input).scheme <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).scheme))))
	&& (((((((*input).version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).version))))
	&& (((((((*input).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).start))))
	&& (((((((*input).count <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).count))))
	&& (((((((*input).k <= 24)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).k))))
	&& (((((((*input).data.len >= 0)
	&& ((*input).data.len <= 896)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_bstr_encode(state, (&(*input).data))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 7))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_train(
		zcbor_state_t *state, const struct train *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 10) && ((((zcbor_uint32_put(state, (3))))
	&& (((((((*input).scheme <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).scheme))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))
	&& (((((((*input).version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).version))))
	&& (((((((*input).digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).digest))))
	&& (((((((*input).epochs <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).epochs))))
	&& (((((*input).lr_shift >= -8)
	&& ((*input).lr_shift <= 8)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_int32_encode(state, (&(*input).lr_shift))))
	&& ((zcbor_bool_encode(state, (&(*input).share))))
	&& ((zcbor_bool_encode(state, (&(*input).replay))))
	&& (((((*input).shifts.len >= 0)
	&& ((*input).shifts.len <= 64)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_bstr_encode(state, (&(*input).shifts))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 10))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_fetch(
		zcbor_state_t *state, const struct fetch *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 4) && ((((zcbor_uint32_put(state, (4))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))
	&& (((((((*input).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).start))))
	&& (((((*input).space <= 896)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).space))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 4))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_commit(
		zcbor_state_t *state, const struct commit *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 2) && ((((zcbor_uint32_put(state, (5))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 2))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_evaluate(
		zcbor_state_t *state, const struct evaluate *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 2) && ((((zcbor_uint32_put(state, (6))))
	&& (((((((*input).set <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).set))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 2))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_failed(
		zcbor_state_t *state, const struct failed *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 4) && ((((zcbor_uint32_put(state, (0))))
	&& (((((*input).code >= 1)
	&& ((*input).code <= 8)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).code))))
	&& (((((((*input).field <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).field))))
	&& (((((((*input).have <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).have))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 4))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_facts(
		zcbor_state_t *state, const struct facts *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = ((((((((*input).name.len >= 0)
	&& ((*input).name.len <= 32)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_tstr_encode(state, (&(*input).name))))
	&& (((((((*input).network <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).network))))
	&& (((((((*input).scheme <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).scheme))))
	&& (((((((*input).base_version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).base_version))))
	&& (((((((*input).base_digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).base_digest))))
	&& (((((((*input).last_round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).last_round))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))
	&& (((((((*input).state <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).state))))
	&& (((((((*input).progress <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).progress))))
	&& (((((((*input).total <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).total))))
	&& (((((((*input).fresh <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).fresh))))
	&& (((((((*input).factory <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).factory))))
	&& (((((((*input).boots <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).boots))))
	&& (((((((*input).weights_digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).weights_digest))))
	&& (((((((*input).flash_writes <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).flash_writes)))))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_report(
		zcbor_state_t *state, const struct report *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 16) && ((((zcbor_uint32_put(state, (1))))
	&& ((encode_facts(state, (&(*input).facts_m))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 16))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_accepted(
		zcbor_state_t *state, const struct accepted *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 4) && ((((zcbor_uint32_put(state, (2))))
	&& (((((((*input).version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).version))))
	&& (((((((*input).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).start))))
	&& (((((((*input).count <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).count))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 4))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_tally(
		zcbor_state_t *state, const struct tally *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = ((((((((((*input).examples <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).examples))))
	&& (((((((*input).steps <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).steps))))
	&& ((zcbor_uint64_encode(state, (&(*input).p_sum))))
	&& (((((((*input).saturated <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).saturated))))
	&& (((((((*input).train_ms <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).train_ms)))))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_trained(
		zcbor_state_t *state, const struct trained *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 8) && ((((zcbor_uint32_put(state, (3))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))
	&& (((((((*input).phase <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).phase))))
	&& ((encode_tally(state, (&(*input).tally_m))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 8))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_delta(
		zcbor_state_t *state, const struct delta *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 12) && ((((zcbor_uint32_put(state, (4))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))
	&& (((((((*input).digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).digest))))
	&& ((encode_tally(state, (&(*input).tally_m))))
	&& (((((((*input).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).start))))
	&& (((((((*input).count <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).count))))
	&& (((((((*input).k <= 24)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).k))))
	&& (((((((*input).data.len >= 0)
	&& ((*input).data.len <= 896)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_bstr_encode(state, (&(*input).data))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 12))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_committed(
		zcbor_state_t *state, const struct committed *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 2) && ((((zcbor_uint32_put(state, (5))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 2))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_score(
		zcbor_state_t *state, const struct score *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 5) && ((((zcbor_uint32_put(state, (6))))
	&& (((((((*input).set <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).set))))
	&& ((zcbor_bool_encode(state, (&(*input).finished))))
	&& (((((((*input).count <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).count))))
	&& (((((((*input).correct <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).correct))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 5))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_hello(
		zcbor_state_t *state, const struct hello *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 16) && ((((zcbor_uint32_put(state, (7))))
	&& ((encode_facts(state, (&(*input).facts_m))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 16))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_done(
		zcbor_state_t *state, const struct done *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 3) && ((((zcbor_uint32_put(state, (8))))
	&& (((((((*input).state <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).state))))
	&& (((((((*input).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).round))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 3))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_answer(
		zcbor_state_t *state, const struct answer *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 3) && (((((((((*input).protocol <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).protocol))))
	&& (((((((*input).id <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).id))))
	&& ((((*input).reply_choice == answer_reply_failed_m_c) ? ((encode_failed(state, (&(*input).failed_m))))
	: (((*input).reply_choice == answer_reply_report_m_c) ? ((encode_report(state, (&(*input).report_m))))
	: (((*input).reply_choice == answer_reply_accepted_m_c) ? ((encode_accepted(state, (&(*input).accepted_m))))
	: (((*input).reply_choice == answer_reply_trained_m_c) ? ((encode_trained(state, (&(*input).trained_m))))
	: (((*input).reply_choice == answer_reply_delta_m_c) ? ((encode_delta(state, (&(*input).delta_m))))
	: (((*input).reply_choice == answer_reply_committed_m_c) ? ((encode_committed(state, (&(*input).committed_m))))
	: (((*input).reply_choice == answer_reply_score_m_c) ? ((encode_score(state, (&(*input).score_m))))
	: (((*input).reply_choice == answer_reply_hello_m_c) ? ((encode_hello(state, (&(*input).hello_m))))
	: (((*input).reply_choice == answer_reply_done_m_c) ? ((encode_done(state, (&(*input).done_m))))
	: false))))))))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 3))));

	log_result(state, res, __func__);
	return res;
}

static bool encode_request(
		zcbor_state_t *state, const struct request *input)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_encode(state, 3) && (((((((((*input).protocol <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).protocol))))
	&& (((((((*input).id <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))
	&& (zcbor_uint32_encode(state, (&(*input).id))))
	&& ((((*input).ask_choice == request_ask_info_m_c) ? ((encode_info(state, NULL)))
	: (((*input).ask_choice == request_ask_put_m_c) ? ((encode_put(state, (&(*input).put_m))))
	: (((*input).ask_choice == request_ask_train_m_c) ? ((encode_train(state, (&(*input).train_m))))
	: (((*input).ask_choice == request_ask_fetch_m_c) ? ((encode_fetch(state, (&(*input).fetch_m))))
	: (((*input).ask_choice == request_ask_commit_m_c) ? ((encode_commit(state, (&(*input).commit_m))))
	: (((*input).ask_choice == request_ask_evaluate_m_c) ? ((encode_evaluate(state, (&(*input).evaluate_m))))
	: false)))))))) || (zcbor_list_map_end_force_encode(state), false)) && zcbor_list_end_encode(state, 3))));

	log_result(state, res, __func__);
	return res;
}



int cbor_encode_request(
		uint8_t *payload, size_t payload_len,
		const struct request *input,
		size_t *payload_len_out)
{
	zcbor_state_t states[5];

	return zcbor_entry_function(payload, payload_len, (void *)input, payload_len_out, states,
		(zcbor_decoder_t *)encode_request, sizeof(states) / sizeof(zcbor_state_t), 1);
}


int cbor_encode_answer(
		uint8_t *payload, size_t payload_len,
		const struct answer *input,
		size_t *payload_len_out)
{
	zcbor_state_t states[5];

	return zcbor_entry_function(payload, payload_len, (void *)input, payload_len_out, states,
		(zcbor_decoder_t *)encode_answer, sizeof(states) / sizeof(zcbor_state_t), 1);
}
