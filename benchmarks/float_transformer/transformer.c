#include "transformer.h"

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define HEAD (CHANNELS / HEADS)
#define ROW (3 * CHANNELS) /* of query, key and value */
#define DEEP (RANK > 0)    /* the gradient goes through every block */
#define TAPES                                                                                                          \
    (DEEP ? BLOCKS : 1) /* blocks whose insides are kept for the gradient; the others overwrite each other's */
#define SLOPES (DEEP || LAST >= 3)
#define AT_LEAST_ONE(n) ((n) > 0 ? (n) : 1)

typedef struct {
    const float *w, *b;
    float *trained;   /* w if it trains, else none */
    float *down, *up; /* the adapter's factors */
    int32_t in, out;
} linear;

enum { QKV, OUT, UP, DOWN, LAYERS };

typedef struct {
    float normed[2][STEPS * CHANNELS], inverse[2][STEPS];
    float qkv[STEPS * 3 * CHANNELS];
    float attention[(DEEP ? HEADS * STEPS : 1) * STEPS];
    float mixed[STEPS * CHANNELS];
    float gelu[STEPS * WIDE];
    float slope[SLOPES ? STEPS * WIDE : 1];
    float inner[LAYERS][AT_LEAST_ONE(STEPS * RANK)]; /* of the adapters */
} tape;

static struct {
    const float *token, *position;
    linear block[BLOCKS][LAYERS], last;
} net;

static tape tapes[TAPES];
static float stream[STEPS * CHANNELS]; /* then its gradient */
static float normed[STEPS * CHANNELS], inverse[STEPS];
static float scores[STEPS * BYTES]; /* then gradients of the wider tensors */
static float part[STEPS * CHANNELS];

/* ---- weights ---- */

static linear take(const float **frozen, float **trained, int32_t out, int32_t in, bool trains, bool adapted) {
    linear l = {.in = in, .out = out};
    const int32_t count = out * in + out;
    if (trains) {
        l.w = l.trained = *trained;
        *trained += count;
    } else {
        l.w = *frozen;
        *frozen += count;
    }
    l.b = l.w + out * in;
    if (adapted) {
        l.down = *trained;
        l.up = l.down + RANK * in;
        *trained = l.up + out * RANK;
    }
    return l;
}

void transformer_bind(const float *frozen, float *trained) {
    net.token = frozen;
    net.position = net.token + BYTES * CHANNELS;
    frozen = net.position + STEPS * CHANNELS;
    for (int32_t b = 0; b < BLOCKS; b++) {
        linear *l = net.block[b];
        const bool whole = LAST >= 3 && b == BLOCKS - 1;
        l[QKV] = take(&frozen, &trained, 3 * CHANNELS, CHANNELS, false, DEEP);
        l[OUT] = take(&frozen, &trained, CHANNELS, CHANNELS, false, DEEP);
        l[UP] = take(&frozen, &trained, WIDE, CHANNELS, whole, DEEP);
        l[DOWN] = take(&frozen, &trained, CHANNELS, WIDE, whole, DEEP);
    }
    net.last = take(&frozen, &trained, BYTES, CHANNELS, LAST >= 1, false);
}

/* ---- matrix products: a step is a row, TILE x TILE sums at a time ---- */

/* y[t][o] = start + sum over i of x[t][i] w[o][i], where start is y[t][o] if `add`, plus b[o] if there is one. */
static void times(float *restrict y, const float *restrict x, const float *restrict w, const float *b, int32_t out,
                  int32_t in, bool add) {
    for (int32_t t = 0; t < STEPS; t += TILE) {
        for (int32_t o = 0; o < out; o += TILE) {
            float sum[TILE][TILE];
            for (int32_t j = 0; j < TILE; j++) {
                for (int32_t k = 0; k < TILE; k++) {
                    sum[j][k] = (b != NULL ? b[o + k] : 0.0f) + (add ? y[(t + j) * out + o + k] : 0.0f);
                }
            }
            for (int32_t i = 0; i < in; i++) {
                for (int32_t j = 0; j < TILE; j++) {
                    for (int32_t k = 0; k < TILE; k++) {
                        sum[j][k] += x[(t + j) * in + i] * w[(o + k) * in + i];
                    }
                }
            }
            for (int32_t j = 0; j < TILE; j++) {
                for (int32_t k = 0; k < TILE; k++) {
                    y[(t + j) * out + o + k] = sum[j][k];
                }
            }
        }
    }
}

/* dx[t][i] = sum over o of dy[t][o] w[o][i], added to dx if `add`. */
static void times_transposed(float *restrict dx, const float *restrict dy, const float *restrict w, int32_t out,
                             int32_t in, bool add) {
    for (int32_t t = 0; t < STEPS; t += TILE) {
        for (int32_t i = 0; i < in; i += TILE) {
            float sum[TILE][TILE];
            for (int32_t j = 0; j < TILE; j++) {
                for (int32_t k = 0; k < TILE; k++) {
                    sum[j][k] = add ? dx[(t + j) * in + i + k] : 0.0f;
                }
            }
            for (int32_t o = 0; o < out; o++) {
                for (int32_t j = 0; j < TILE; j++) {
                    for (int32_t k = 0; k < TILE; k++) {
                        sum[j][k] += dy[(t + j) * out + o] * w[o * in + i + k];
                    }
                }
            }
            for (int32_t j = 0; j < TILE; j++) {
                for (int32_t k = 0; k < TILE; k++) {
                    dx[(t + j) * in + i + k] = sum[j][k];
                }
            }
        }
    }
}

/* w[o][i] -= rate sum over t of dy[t][o] x[t][i] */
static void descend(float *restrict w, const float *restrict dy, const float *restrict x, int32_t out, int32_t in,
                    float rate) {
    for (int32_t o = 0; o < out; o += TILE) {
        for (int32_t i = 0; i < in; i += TILE) {
            float sum[TILE][TILE] = {{0}};
            for (int32_t t = 0; t < STEPS; t++) {
                for (int32_t j = 0; j < TILE; j++) {
                    for (int32_t k = 0; k < TILE; k++) {
                        sum[j][k] += dy[t * out + o + j] * x[t * in + i + k];
                    }
                }
            }
            for (int32_t j = 0; j < TILE; j++) {
                for (int32_t k = 0; k < TILE; k++) {
                    w[(o + j) * in + i + k] -= rate * sum[j][k];
                }
            }
        }
    }
}

static void descend_bias(float *restrict b, const float *restrict dy, int32_t out, float rate) {
    for (int32_t t = 0; t < STEPS; t++) {
        for (int32_t o = 0; o < out; o++) {
            b[o] -= rate * dy[t * out + o];
        }
    }
}

/* ---- linear layers ---- */

static void run(const linear *l, const float *x, float *y, float *inner, bool add) {
    times(y, x, l->w, l->b, l->out, l->in, add);
    if (l->down != NULL) {
        times(inner, x, l->down, NULL, RANK, l->in, false);
        times(y, inner, l->up, NULL, l->out, RANK, true);
    }
}

/* The gradient of the input, if it is wanted, then the update. */
static void back(const linear *l, const float *x, const float *dy, const float *inner, float *dx, float rate) {
    static float dinner[AT_LEAST_ONE(STEPS * RANK)];
    if (dx != NULL) {
        times_transposed(dx, dy, l->w, l->out, l->in, false);
    }
    if (l->down != NULL) {
        times_transposed(dinner, dy, l->up, l->out, RANK, false);
        if (dx != NULL) {
            times_transposed(dx, dinner, l->down, RANK, l->in, true);
        }
        descend(l->up, dy, inner, l->out, RANK, rate);
        descend(l->down, dinner, x, RANK, l->in, rate);
    }
    if (l->trained != NULL) {
        descend(l->trained, dy, x, l->out, l->in, rate);
        descend_bias(l->trained + l->out * l->in, dy, l->out, rate);
    }
}

/* ---- the other operators ---- */

/* e^x for x <= 0, to two units in the last place (Cephes' expf). */
static inline float exp_of(float x) {
    if (x < -87.0f) {
        return 0.0f;
    }
    const int32_t n = (int32_t)(x * 1.44269504f - 0.5f);
    const float r = x - (float)n * 0.693359375f + (float)n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const int32_t bits = (n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* x Phi(x) and its derivative; erf as in Abramowitz and Stegun 7.1.26, off by 1.5e-7 at most. */
static void gelu(float *restrict y, float *restrict slope, bool keep) {
    for (int32_t i = 0; i < STEPS * WIDE; i++) {
        const float x = y[i], e = exp_of(-0.5f * x * x);
        const float t = 1.0f / (1.0f + 0.3275911f * 0.70710678f * __builtin_fabsf(x));
        float p = 1.061405429f;
        p = p * t - 1.453152027f;
        p = p * t + 1.421413741f;
        p = p * t - 0.284496736f;
        p = p * t + 0.254829592f;
        const float tail = 0.5f * p * t * e, phi = x > 0.0f ? 1.0f - tail : tail;
        y[i] = x * phi;
        if (keep) {
            slope[i] = phi + x * e * 0.39894228f;
        }
    }
}

static void norm(float *restrict y, float *restrict inv, const float *restrict x) {
    for (int32_t t = 0; t < STEPS; t++, x += CHANNELS, y += CHANNELS) {
        float sum = 0.0f, squares = 0.0f;
        for (int32_t c = 0; c < CHANNELS; c++) {
            sum += x[c];
        }
        const float mean = sum * (1.0f / CHANNELS);
        for (int32_t c = 0; c < CHANNELS; c++) {
            const float d = x[c] - mean;
            squares += d * d;
        }
        inv[t] = 1.0f / __builtin_sqrtf(squares * (1.0f / CHANNELS) + 1e-5f);
        for (int32_t c = 0; c < CHANNELS; c++) {
            y[c] = (x[c] - mean) * inv[t];
        }
    }
}

/* dx from dy, added to dx if `add`; y is what the norm gave. */
static void norm_back(float *restrict dx, const float *restrict dy, const float *restrict y, const float *restrict inv,
                      bool add) {
    for (int32_t t = 0; t < STEPS; t++, dx += CHANNELS, dy += CHANNELS, y += CHANNELS) {
        float sum = 0.0f, along = 0.0f;
        for (int32_t c = 0; c < CHANNELS; c++) {
            sum += dy[c];
            along += dy[c] * y[c];
        }
        sum *= 1.0f / CHANNELS;
        along *= 1.0f / CHANNELS;
        for (int32_t c = 0; c < CHANNELS; c++) {
            const float v = inv[t] * (dy[c] - sum - y[c] * along);
            dx[c] = add ? dx[c] + v : v;
        }
    }
}

static inline float dot(const float *restrict a, const float *restrict b) {
    float sum = 0.0f;
    for (int32_t c = 0; c < HEAD; c++) {
        sum += a[c] * b[c];
    }
    return sum;
}

static inline void add_scaled(float *restrict y, float scale, const float *restrict x) {
    for (int32_t c = 0; c < HEAD; c++) {
        y[c] += scale * x[c];
    }
}

static float attention_scale(void) { return 1.0f / __builtin_sqrtf((float)HEAD); }

static void attend(tape *p) {
    const float scale = attention_scale();
    for (int32_t h = 0; h < HEADS; h++) {
        const float *q = p->qkv + h * HEAD, *k = q + CHANNELS, *v = k + CHANNELS;
        for (int32_t t = 0; t < STEPS; t++) {
            float *a = p->attention + (DEEP ? h * STEPS + t : 0) * STEPS;
            float top = -FLT_MAX, sum = 0.0f, y[HEAD] = {0};
            for (int32_t s = 0; s <= t; s++) {
                a[s] = scale * dot(q + t * ROW, k + s * ROW);
                top = a[s] > top ? a[s] : top;
            }
            for (int32_t s = 0; s <= t; s++) {
                a[s] = exp_of(a[s] - top);
                sum += a[s];
            }
            sum = 1.0f / sum;
            for (int32_t s = 0; s <= t; s++) {
                a[s] *= sum;
                add_scaled(y, a[s], v + s * ROW);
            }
            memcpy(p->mixed + t * CHANNELS + h * HEAD, y, sizeof y);
        }
    }
}

static void attend_back(const tape *p, float *restrict dqkv, const float *restrict dy) {
    const float scale = attention_scale();
    memset(dqkv, 0, STEPS * ROW * sizeof *dqkv);
    for (int32_t h = 0; h < HEADS; h++) {
        const float *q = p->qkv + h * HEAD, *k = q + CHANNELS, *v = k + CHANNELS;
        float *dk = dqkv + CHANNELS + h * HEAD, *dv = dk + CHANNELS;
        for (int32_t t = 0; t < STEPS; t++) {
            const float *a = p->attention + (h * STEPS + t) * STEPS, *g = dy + t * CHANNELS + h * HEAD;
            float da[STEPS], along = 0.0f, dq[HEAD] = {0};
            for (int32_t s = 0; s <= t; s++) {
                da[s] = dot(g, v + s * ROW);
                along += a[s] * da[s];
            }
            for (int32_t s = 0; s <= t; s++) {
                const float d = scale * a[s] * (da[s] - along);
                add_scaled(dq, d, k + s * ROW);
                add_scaled(dk + s * ROW, d, q + t * ROW);
                add_scaled(dv + s * ROW, a[s], g);
            }
            memcpy(dqkv + t * ROW + h * HEAD, dq, sizeof dq);
        }
    }
}

/* Scores become the gradient of the mean loss; returns the mean probability of the labels. */
static float loss_back(const uint8_t *labels) {
    float right = 0.0f;
    for (int32_t t = 0; t < STEPS; t++) {
        float *z = scores + t * BYTES, top = z[0], sum = 0.0f;
        for (int32_t c = 1; c < BYTES; c++) {
            top = z[c] > top ? z[c] : top;
        }
        for (int32_t c = 0; c < BYTES; c++) {
            z[c] = exp_of(z[c] - top);
            sum += z[c];
        }
        right += z[labels[t]] / sum;
        sum = 1.0f / (sum * STEPS);
        for (int32_t c = 0; c < BYTES; c++) {
            z[c] *= sum;
        }
        z[labels[t]] -= 1.0f / STEPS;
    }
    return right / STEPS;
}

/* ---- the network ---- */

static void block_forward(int32_t b) {
    const linear *l = net.block[b];
    tape *p = &tapes[DEEP ? b : 0];
    norm(p->normed[0], p->inverse[0], stream);
    run(&l[QKV], p->normed[0], p->qkv, p->inner[QKV], false);
    attend(p);
    run(&l[OUT], p->mixed, stream, p->inner[OUT], true);
    norm(p->normed[1], p->inverse[1], stream);
    run(&l[UP], p->normed[1], p->gelu, p->inner[UP], false);
    gelu(p->gelu, p->slope, DEEP || (SLOPES && b == BLOCKS - 1));
    run(&l[DOWN], p->gelu, stream, p->inner[DOWN], true);
}

/* From the gradient in `stream` to that of the block's input, as far as something before it trains. */
static void block_back(int32_t b, float rate) {
    const linear *l = net.block[b];
    const tape *p = &tapes[DEEP ? b : 0];
    float *wide = scores;
    back(&l[DOWN], p->gelu, stream, p->inner[DOWN], wide, rate);
    for (int32_t i = 0; i < STEPS * WIDE; i++) {
        wide[i] *= p->slope[i];
    }
    back(&l[UP], p->normed[1], wide, p->inner[UP], DEEP ? part : NULL, rate);
    if (!DEEP) {
        return;
    }
    norm_back(stream, part, p->normed[1], p->inverse[1], true);
    back(&l[OUT], p->mixed, stream, p->inner[OUT], part, rate);
    attend_back(p, wide, part);
    back(&l[QKV], p->normed[0], wide, p->inner[QKV], b > 0 ? part : NULL, rate);
    if (b > 0) {
        norm_back(stream, part, p->normed[0], p->inverse[0], true);
    }
}

const float *transformer_forward(const uint8_t *tokens) {
    for (int32_t t = 0; t < STEPS; t++) {
        for (int32_t c = 0; c < CHANNELS; c++) {
            stream[t * CHANNELS + c] = net.token[tokens[t] * CHANNELS + c] + net.position[t * CHANNELS + c];
        }
    }
    for (int32_t b = 0; b < BLOCKS; b++) {
        block_forward(b);
    }
    norm(normed, inverse, stream);
    run(&net.last, normed, scores, NULL, false);
    return scores;
}

float transformer_step(const uint8_t *tokens, float rate) {
    transformer_forward(tokens);
    const float right = loss_back(tokens + 1);
    back(&net.last, normed, scores, NULL, SLOPES ? part : NULL, rate);
    if (SLOPES) {
        norm_back(stream, part, normed, inverse, false);
        for (int32_t b = BLOCKS - 1; b >= (DEEP ? 0 : BLOCKS - 1); b--) {
            block_back(b, rate);
        }
    }
    return right;
}
