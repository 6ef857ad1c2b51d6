#include "tf_embedding.h"
#include "tf_lanes.h"
#include "tf_step.h"

/* The first step from t on that holds a token. */
static uint32_t next_of(const tf_embedding *p, const int8_t *x, uint32_t token, uint32_t t) {
    while (t < p->steps && tf_token(p, x[t]) != token) {
        t++;
    }
    return t;
}

void tf_embedding_update(const tf_embedding *p, const tf_rate *rate, int32_t e, uint32_t base, const int8_t *x,
                         const tf_grad *grad_y, int8_t *w, uint8_t *f) {
    for (uint32_t t = 0; t < p->steps; t++) {
        const uint32_t token = tf_token(p, x[t]);
        if (next_of(p, x, token, 0) < t) {
            continue; /* the row has had its step */
        }
        for (int32_t c0 = 0; c0 < p->channels; c0 += TF_LANES) {
            const int32_t n = tf_lanes(p->channels, c0);
            int32_t acc[TF_LANES];
            tf_lanes_clear(acc);
            for (uint32_t u = t; u < p->steps; u = next_of(p, x, token, u + 1)) {
                for (int32_t c = 0; c < n; c++) {
                    acc[c] += grad_y[u * p->channels + (uint32_t)(c0 + c)];
                }
            }
            const uint32_t i = token * p->channels + (uint32_t)c0;
            tf_step_weights(n, acc, rate->km[0], rate->ks[0] + e, base, i, w + i, tf_fractions(f, (int32_t)i));
        }
    }
}
