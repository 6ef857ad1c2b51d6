/* A chunk of coded integers: k, a count, data. What decodes to its last bit is what the coder makes of the values. */
#include <string.h>

#include "fuzz.h"
#include "tf_rice.h"
#include "tf_status.h"

enum { MOST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int32_t values[MOST];
    static uint8_t coded[8192];
    fuzz_input in = {data, size};
    const uint8_t k = (uint8_t)(fuzz_byte(&in) % (TF_RICE_MAX_K + 1u));
    const uint32_t count = fuzz_half(&in) % MOST;
    if (in.left > sizeof coded) {
        return 0;
    }
    tf_rice_reader reader = {.data = in.at, .bytes = (uint32_t)in.left, .k = k};
    for (uint32_t i = 0; i < count; i++) {
        if (tf_rice_read(&reader, &values[i]) < 0) {
            return 0;
        }
    }
    const int whole = tf_rice_end(&reader) == TF_OK;
    tf_rice_writer writer = {.data = coded, .bytes = sizeof coded, .k = k};
    for (uint32_t i = 0; i < count; i++) {
        MUST(tf_rice_write(&writer, values[i]) == TF_OK);
    }
    tf_rice_reader back = {.data = coded, .bytes = tf_rice_finish(&writer), .k = k};
    for (uint32_t i = 0; i < count; i++) {
        int32_t value;
        MUST(tf_rice_read(&back, &value) == TF_OK && value == values[i]);
    }
    MUST(tf_rice_end(&back) == TF_OK);
    /* An escape may say what a short code could, so a chunk may be longer than the coder's, never shorter. */
    MUST(!whole || back.bytes <= in.left);
    return 0;
}
