/*
 * From tinyfl/wire/tinyfl.cddl by tinyfl.wire.generate: change those, not this file.
 *
 * Generated using zcbor version 0.9.1
 * https://github.com/NordicSemiconductor/zcbor
 * Generated with a --default-max-qty of 3
 */

#ifndef TF_MESSAGES_ENCODE_H__
#define TF_MESSAGES_ENCODE_H__

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "tf_messages_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#if DEFAULT_MAX_QTY != 3
#error "The type file was generated with a different default_max_qty than this file"
#endif


int cbor_encode_request(
		uint8_t *payload, size_t payload_len,
		const struct request *input,
		size_t *payload_len_out);


int cbor_encode_answer(
		uint8_t *payload, size_t payload_len,
		const struct answer *input,
		size_t *payload_len_out);


#ifdef __cplusplus
}
#endif

#endif /* TF_MESSAGES_ENCODE_H__ */
