#include <string.h>

#include "tf_embedding.h"

void tf_embedding_s8(const tf_embedding *p, const tf_weights *wt, const int8_t *x, int8_t *y) {
    const int8_t *w = wt->trained ? wt->trained : wt->frozen;
    for (uint32_t t = 0; t < p->steps; t++) {
        memcpy(y + t * p->channels, w + tf_token(p, x[t]) * p->channels, p->channels);
    }
}
