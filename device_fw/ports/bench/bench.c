#include <string.h>

#include "bench_port.h"
#include "net.h"

/*
 * Measures a compiled network: one forward pass as shipped, then BENCH_STEPS training steps. Samples are the bytes,
 * low first, of words of xorshift32 from BENCH_SEED on; the label of step n is n modulo the number of classes.
 * tinyfl/boards/bench_samples.py draws the same ones. With TF_STREAM the next sample goes through the network that
 * has learnt, step by step. What it says: docs/adding-a-board.md.
 */
#ifndef BENCH_STEPS
#define BENCH_STEPS 50u
#endif
#define BENCH_SEED 2463534242u

#define AT_LEAST_ONE(n) ((n) > 0 ? (n) : 1) /* C has no empty arrays */
#define FRACTIONS (TF_NET_FRACTION_BITS > 0 ? TF_NET_TRAINED_WEIGHTS : 0)

static _Alignas(4) int8_t weights[AT_LEAST_ONE(TF_NET_TRAINED_WEIGHTS)];
static uint8_t fractions[AT_LEAST_ONE(FRACTIONS)];
static int32_t biases[AT_LEAST_ONE(TF_NET_TRAINED_BIASES)];
static _Alignas(8) uint8_t arena[AT_LEAST_ONE(TF_NET_ARENA_BYTES)];
static tf_net net = {.w = weights, .f = fractions, .b = biases, .arena = arena};

#ifdef TF_NET_INPUT_OFFSET /* the network consumes its sample where it lies */
#define SAMPLE ((int8_t *)arena + TF_NET_INPUT_OFFSET)
#else
static _Alignas(4) int8_t sample[TF_NET_INPUT_BYTES];
#define SAMPLE sample
#endif

void bench_say(const char *name, uint32_t value) {
    while (*name != '\0') {
        bench_put(*name++);
    }
    bench_put(' ');
    for (int32_t shift = 28; shift >= 0; shift -= 4) {
        bench_put("0123456789abcdef"[(value >> shift) & 15u]);
    }
    bench_put('\n');
}

static void draw_sample(uint32_t *random, int8_t *x) {
    uint32_t word = *random;
    for (uint32_t i = 0; i < TF_NET_INPUT_BYTES; i++) {
        if (i % 4 == 0) {
            word ^= word << 13;
            word ^= word >> 17;
            word ^= word << 5;
        }
        x[i] = (int8_t)(word >> (8 * (i % 4)));
    }
#if TF_NET_TARGET /* tokens and labels that exist */
    const uint32_t end = TF_NET_TOKENS > 0 && TF_NET_TOKENS < TF_NET_CLASSES ? TF_NET_TOKENS : TF_NET_CLASSES;
    for (uint32_t i = TF_NET_TOKENS > 0 ? 0 : TF_NET_TARGET; i < TF_NET_INPUT_BYTES; i++) {
        x[i] = (int8_t)((int32_t)((uint8_t)x[i] % end) - 128);
    }
#endif
    *random = word;
}

/* The reflected CRC-32 of zlib, without its first and last inversion. */
static uint32_t crc32_of(uint32_t crc, const void *data, uint32_t count) {
    const uint8_t *bytes = data;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int32_t bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
        }
    }
    return crc;
}

#ifdef TF_STREAM
/* Says the digest of what the network says of a sequence: its steps' scores, or those after the last one. */
static void stream(const tf_model *model, uint32_t *random) {
    static _Alignas(4) uint8_t state[TF_NET_STREAM_BYTES]; /* zeros begin a sequence */
    static int8_t sequence[TF_NET_INPUT_BYTES];
    const uint32_t apart = TF_NET_TARGET > 0 && TF_NET_TOKENS == 0 ? TF_NET_TARGET : TF_NET_INPUT_BYTES;
    const uint32_t steps = TF_NET_TOKENS > 0 && TF_NET_TARGET > 0 ? TF_NET_STEPS : apart / TF_NET_STEP_BYTES;
    int16_t *logits = (int16_t *)(void *)(arena + model->logits);
    uint32_t crc = 0xFFFFFFFFu;
    draw_sample(random, sequence);
    for (uint32_t t = 0; t < steps; t++) {
        const uint32_t start = bench_ticks();
        model->stream(&net, state, sequence + t * TF_NET_STEP_BYTES, logits);
        bench_say("stream", bench_ticks() - start);
        crc = t + TF_NET_STEPS >= steps ? crc32_of(crc, logits, sizeof(int16_t) * TF_NET_CLASSES) : crc;
    }
    bench_say("scores", ~crc);
}
#endif

static uint32_t digest(void) {
    uint32_t crc = 0xFFFFFFFFu;
    crc = crc32_of(crc, weights, TF_NET_TRAINED_WEIGHTS);
    crc = crc32_of(crc, fractions, FRACTIONS);
    return ~crc32_of(crc, biases, TF_NET_TRAINED_BIASES * sizeof(int32_t));
}

static void ship(const tf_model *model) {
    memcpy(weights, model->factory_weights, TF_NET_TRAINED_WEIGHTS);
    memset(fractions, 128, FRACTIONS);
    memcpy(biases, model->factory_biases, TF_NET_TRAINED_BIASES * sizeof(int32_t));
}

void bench_run(void) {
    const tf_model *const volatile unknown = &tf_model_net; /* optimising at link time must not mix it with the bench */
    const tf_model *model = unknown;
    uint32_t random = BENCH_SEED;
    ship(model);

    uint32_t start = bench_ticks();
    bench_say("nothing", bench_ticks() - start);

    draw_sample(&random, SAMPLE);
    start = bench_ticks();
    model->forward(&net, SAMPLE, (int16_t *)(void *)(arena + model->logits));
    bench_say("forward", bench_ticks() - start);

    for (uint32_t step = 0; step < BENCH_STEPS; step++) {
        draw_sample(&random, SAMPLE);
        start = bench_ticks();
        model->train_step(&net, SAMPLE, (uint16_t)(step % TF_NET_CLASSES));
        bench_say("step", bench_ticks() - start);
    }
#ifdef TF_STREAM
    stream(model, &random);
#endif
    bench_say("stack", bench_stack_bytes());
    bench_say("digest", digest());
    bench_say("end", 0);
}
