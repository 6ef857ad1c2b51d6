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
#include "zcbor_decode.h"
#include "tf_messages_decode.h"
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

static bool decode_info(zcbor_state_t *state, void *result);
static bool decode_put(zcbor_state_t *state, struct put *result);
static bool decode_train(zcbor_state_t *state, struct train *result);
static bool decode_fetch(zcbor_state_t *state, struct fetch *result);
static bool decode_commit(zcbor_state_t *state, struct commit *result);
static bool decode_evaluate(zcbor_state_t *state, struct evaluate *result);
static bool decode_failed(zcbor_state_t *state, struct failed *result);
static bool decode_facts(zcbor_state_t *state, struct facts *result);
static bool decode_report(zcbor_state_t *state, struct report *result);
static bool decode_accepted(zcbor_state_t *state, struct accepted *result);
static bool decode_tally(zcbor_state_t *state, struct tally *result);
static bool decode_trained(zcbor_state_t *state, struct trained *result);
static bool decode_delta(zcbor_state_t *state, struct delta *result);
static bool decode_committed(zcbor_state_t *state, struct committed *result);
static bool decode_score(zcbor_state_t *state, struct score *result);
static bool decode_hello(zcbor_state_t *state, struct hello *result);
static bool decode_done(zcbor_state_t *state, struct done *result);
static bool decode_answer(zcbor_state_t *state, struct answer *result);
static bool decode_request(zcbor_state_t *state, struct request *result);


static bool decode_info(
		zcbor_state_t *state, void *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (1))))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_put(
		zcbor_state_t *state, struct put *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (2))))
	&& ((zcbor_uint32_decode(state, (&(*result).scheme)))
	&& ((((((*result).scheme <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).version)))
	&& ((((((*result).version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).start)))
	&& ((((((*result).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).count)))
	&& ((((((*result).count <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).k)))
	&& ((((((*result).k <= 24)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_bstr_decode(state, (&(*result).data)))
	&& ((((((*result).data.len >= 0)
	&& ((*result).data.len <= 896)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_train(
		zcbor_state_t *state, struct train *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (3))))
	&& ((zcbor_uint32_decode(state, (&(*result).scheme)))
	&& ((((((*result).scheme <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).version)))
	&& ((((((*result).version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).digest)))
	&& ((((((*result).digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).epochs)))
	&& ((((((*result).epochs <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_int32_decode(state, (&(*result).lr_shift)))
	&& ((((*result).lr_shift >= -8)
	&& ((*result).lr_shift <= 8)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_bool_decode(state, (&(*result).share))))
	&& ((zcbor_bool_decode(state, (&(*result).replay))))
	&& ((zcbor_bstr_decode(state, (&(*result).shifts)))
	&& ((((*result).shifts.len >= 0)
	&& ((*result).shifts.len <= 64)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_fetch(
		zcbor_state_t *state, struct fetch *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (4))))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).start)))
	&& ((((((*result).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).space)))
	&& ((((*result).space <= 896)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_commit(
		zcbor_state_t *state, struct commit *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (5))))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_evaluate(
		zcbor_state_t *state, struct evaluate *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (6))))
	&& ((zcbor_uint32_decode(state, (&(*result).set)))
	&& ((((((*result).set <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_failed(
		zcbor_state_t *state, struct failed *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (0))))
	&& ((zcbor_uint32_decode(state, (&(*result).code)))
	&& ((((*result).code >= 1)
	&& ((*result).code <= 8)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).field)))
	&& ((((((*result).field <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).have)))
	&& ((((((*result).have <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_facts(
		zcbor_state_t *state, struct facts *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((((zcbor_tstr_decode(state, (&(*result).name)))
	&& ((((*result).name.len >= 0)
	&& ((*result).name.len <= 32)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).network)))
	&& ((((((*result).network <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).scheme)))
	&& ((((((*result).scheme <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).base_version)))
	&& ((((((*result).base_version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).base_digest)))
	&& ((((((*result).base_digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).last_round)))
	&& ((((((*result).last_round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).state)))
	&& ((((((*result).state <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).progress)))
	&& ((((((*result).progress <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).total)))
	&& ((((((*result).total <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).fresh)))
	&& ((((((*result).fresh <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).factory)))
	&& ((((((*result).factory <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).boots)))
	&& ((((((*result).boots <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).weights_digest)))
	&& ((((((*result).weights_digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).flash_writes)))
	&& ((((((*result).flash_writes <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_report(
		zcbor_state_t *state, struct report *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (1))))
	&& ((decode_facts(state, (&(*result).facts_m))))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_accepted(
		zcbor_state_t *state, struct accepted *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (2))))
	&& ((zcbor_uint32_decode(state, (&(*result).version)))
	&& ((((((*result).version <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).start)))
	&& ((((((*result).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).count)))
	&& ((((((*result).count <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_tally(
		zcbor_state_t *state, struct tally *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((((zcbor_uint32_decode(state, (&(*result).examples)))
	&& ((((((*result).examples <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).steps)))
	&& ((((((*result).steps <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint64_decode(state, (&(*result).p_sum))))
	&& ((zcbor_uint32_decode(state, (&(*result).saturated)))
	&& ((((((*result).saturated <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).train_ms)))
	&& ((((((*result).train_ms <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_trained(
		zcbor_state_t *state, struct trained *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (3))))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).phase)))
	&& ((((((*result).phase <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((decode_tally(state, (&(*result).tally_m))))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_delta(
		zcbor_state_t *state, struct delta *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (4))))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).digest)))
	&& ((((((*result).digest <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((decode_tally(state, (&(*result).tally_m))))
	&& ((zcbor_uint32_decode(state, (&(*result).start)))
	&& ((((((*result).start <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).count)))
	&& ((((((*result).count <= UINT16_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).k)))
	&& ((((((*result).k <= 24)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_bstr_decode(state, (&(*result).data)))
	&& ((((((*result).data.len >= 0)
	&& ((*result).data.len <= 896)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_committed(
		zcbor_state_t *state, struct committed *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (5))))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_score(
		zcbor_state_t *state, struct score *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (6))))
	&& ((zcbor_uint32_decode(state, (&(*result).set)))
	&& ((((((*result).set <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_bool_decode(state, (&(*result).finished))))
	&& ((zcbor_uint32_decode(state, (&(*result).count)))
	&& ((((((*result).count <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).correct)))
	&& ((((((*result).correct <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_hello(
		zcbor_state_t *state, struct hello *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (7))))
	&& ((decode_facts(state, (&(*result).facts_m))))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_done(
		zcbor_state_t *state, struct done *result)
{
	zcbor_log("%s\r\n", __func__);

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_expect(state, (8))))
	&& ((zcbor_uint32_decode(state, (&(*result).state)))
	&& ((((((*result).state <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).round)))
	&& ((((((*result).round <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_answer(
		zcbor_state_t *state, struct answer *result)
{
	zcbor_log("%s\r\n", __func__);
	bool int_res;

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_decode(state, (&(*result).protocol)))
	&& ((((((*result).protocol <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).id)))
	&& ((((((*result).id <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_union_start_code(state) && (int_res = ((((decode_failed(state, (&(*result).failed_m)))) && (((*result).reply_choice = answer_reply_failed_m_c), true))
	|| (zcbor_union_elem_code(state) && (((decode_report(state, (&(*result).report_m)))) && (((*result).reply_choice = answer_reply_report_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_accepted(state, (&(*result).accepted_m)))) && (((*result).reply_choice = answer_reply_accepted_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_trained(state, (&(*result).trained_m)))) && (((*result).reply_choice = answer_reply_trained_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_delta(state, (&(*result).delta_m)))) && (((*result).reply_choice = answer_reply_delta_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_committed(state, (&(*result).committed_m)))) && (((*result).reply_choice = answer_reply_committed_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_score(state, (&(*result).score_m)))) && (((*result).reply_choice = answer_reply_score_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_hello(state, (&(*result).hello_m)))) && (((*result).reply_choice = answer_reply_hello_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_done(state, (&(*result).done_m)))) && (((*result).reply_choice = answer_reply_done_m_c), true)))), zcbor_union_end_code(state), int_res)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}

static bool decode_request(
		zcbor_state_t *state, struct request *result)
{
	zcbor_log("%s\r\n", __func__);
	bool int_res;

	bool res = (((zcbor_list_start_decode(state) && ((((zcbor_uint32_decode(state, (&(*result).protocol)))
	&& ((((((*result).protocol <= UINT8_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_uint32_decode(state, (&(*result).id)))
	&& ((((((*result).id <= UINT32_MAX)) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false))) || (zcbor_error(state, ZCBOR_ERR_WRONG_RANGE), false)))
	&& ((zcbor_union_start_code(state) && (int_res = ((((decode_info(state, NULL))) && (((*result).ask_choice = request_ask_info_m_c), true))
	|| (zcbor_union_elem_code(state) && (((decode_put(state, (&(*result).put_m)))) && (((*result).ask_choice = request_ask_put_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_train(state, (&(*result).train_m)))) && (((*result).ask_choice = request_ask_train_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_fetch(state, (&(*result).fetch_m)))) && (((*result).ask_choice = request_ask_fetch_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_commit(state, (&(*result).commit_m)))) && (((*result).ask_choice = request_ask_commit_m_c), true)))
	|| (zcbor_union_elem_code(state) && (((decode_evaluate(state, (&(*result).evaluate_m)))) && (((*result).ask_choice = request_ask_evaluate_m_c), true)))), zcbor_union_end_code(state), int_res)))) || (zcbor_list_map_end_force_decode(state), false)) && zcbor_list_end_decode(state))));

	log_result(state, res, __func__);
	return res;
}



int cbor_decode_request(
		const uint8_t *payload, size_t payload_len,
		struct request *result,
		size_t *payload_len_out)
{
	zcbor_state_t states[5];

	return zcbor_entry_function(payload, payload_len, (void *)result, payload_len_out, states,
		(zcbor_decoder_t *)decode_request, sizeof(states) / sizeof(zcbor_state_t), 1);
}


int cbor_decode_answer(
		const uint8_t *payload, size_t payload_len,
		struct answer *result,
		size_t *payload_len_out)
{
	zcbor_state_t states[5];

	return zcbor_entry_function(payload, payload_len, (void *)result, payload_len_out, states,
		(zcbor_decoder_t *)decode_answer, sizeof(states) / sizeof(zcbor_state_t), 1);
}
