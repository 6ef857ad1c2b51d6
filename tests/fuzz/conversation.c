/*
 * A device hears messages nobody meant to send, at any moment of its life: each gets one answer that decodes. An
 * input is pieces: a byte of what to do, and for a message its length and bytes.
 */
#include "lab.h"

enum { DO_RESET = 16, DO_ROUND = 17, DO_FAIL = 18 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lab l;
    fuzz_input in = {data, size};
    l.fail_at = 0;
    lab_erase(&l);
    MUST(lab_boot(&l) == TF_OK);
    while (in.left > 0) {
        const uint8_t action = fuzz_byte(&in);
        if (action < DO_RESET) {
            for (uint32_t i = 0; i <= action && tf_step(&l.dev) == 1; i++) {
            }
        } else if (action == DO_RESET) {
            if (lab_boot(&l) < 0) { /* the port failed; it does not twice */
                MUST(lab_boot(&l) == TF_OK);
            }
        } else if (action == DO_ROUND) {
            lab_round(&l);
        } else if (action == DO_FAIL) {
            l.fail_at = fuzz_byte(&in);
        } else {
            size_t n = fuzz_half(&in) % (TF_MESSAGE_BYTES + 2u);
            const uint8_t *message = fuzz_bytes(&in, &n);
            const uint32_t before = l.answers;
            (void)tf_device_receive(&l.dev, message, (uint32_t)n);
            MUST(l.answers == before + 1);
        }
        lab_check(&l);
    }
    return 0;
}
