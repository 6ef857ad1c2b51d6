/* Lets Python hold a tf_arq and feed it several bytes at once, stopping where a message is complete. */
#include "tf_arq.h"

size_t shim_size(void) { return sizeof(tf_arq); }

size_t shim_feed(tf_arq *arq, const uint8_t *bytes, size_t n, uint32_t now_ms) {
    size_t taken = 0, length;
    while (taken < n && tf_arq_message(arq, &length) == NULL)
        tf_arq_feed(arq, bytes[taken++], now_ms);
    return taken;
}

uint32_t shim_bad_frames(const tf_arq *arq) { return arq->decoder.bad_frames; }
int shim_sending(const tf_arq *arq) { return arq->out.length != 0; }
