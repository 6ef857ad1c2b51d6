/* Bytes into the generated decoders of both directions; what they accept says the same when it is said again. */
#include <string.h>

#include "fuzz.h"
#include "tf_device.h"
#include "tf_messages_decode.h"
#include "tf_messages_encode.h"
#include "zcbor_common.h"

/* Decodes, encodes, decodes and encodes again: the two encodings are one. */
#define REPEATS(type, data, size)                                                                                      \
    do {                                                                                                               \
        struct type first, second;                                                                                     \
        size_t used, n, again;                                                                                         \
        uint8_t once[2 * TF_MESSAGE_BYTES], twice[2 * TF_MESSAGE_BYTES];                                               \
        if (cbor_decode_##type(data, size, &first, &used) == ZCBOR_SUCCESS) {                                          \
            MUST(used <= size);                                                                                        \
            if (cbor_encode_##type(once, sizeof once, &first, &n) == ZCBOR_SUCCESS) {                                  \
                MUST(cbor_decode_##type(once, n, &second, &used) == ZCBOR_SUCCESS && used == n);                       \
                MUST(cbor_encode_##type(twice, sizeof twice, &second, &again) == ZCBOR_SUCCESS);                       \
                MUST(again == n && memcmp(once, twice, n) == 0);                                                       \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > TF_MESSAGE_BYTES) {
        return 0;
    }
    REPEATS(request, data, size);
    REPEATS(answer, data, size);
    return 0;
}
