/* Bytes from a line into the frame decoder, then the same bytes as the body of a frame: what goes in comes out. */
#include <string.h>

#include "fuzz.h"
#include "tf_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tf_frame_decoder decoder;
    memset(&decoder, 0, sizeof decoder);
    for (size_t i = 0; i < size; i++) {
        MUST(tf_frame_take(&decoder, data[i]) <= TF_FRAME_BODY_BYTES);
        MUST(decoder.count < TF_FRAME_BYTES);
    }
    if (size == 0) {
        return 0;
    }
    const size_t n = size < TF_FRAME_BODY_BYTES ? size : TF_FRAME_BODY_BYTES;
    uint8_t frame[TF_FRAME_BYTES];
    memcpy(frame + 1, data, n);
    const size_t length = tf_frame_encode(frame, n);
    MUST(length <= sizeof frame && memchr(frame, 0, length) == frame + length - 1);
    (void)tf_frame_take(&decoder, 0); /* whatever came before ends here */
    for (size_t i = 0; i + 1 < length; i++) {
        MUST(tf_frame_take(&decoder, frame[i]) == 0);
    }
    MUST(tf_frame_take(&decoder, 0) == n && memcmp(decoder.bytes, data, n) == 0);
    return 0;
}
