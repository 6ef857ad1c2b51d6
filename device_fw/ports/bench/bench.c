#include <string.h>

#include "bench_port.h"
#include "net.h"

/*
 * Measures a compiled network: one forward pass as shipped, then BENCH_STEPS training steps. Samples are the bytes,
 * low first, of words of xorshift32 from BENCH_SEED on; the label of step n is n modulo the number of classes.
 * tinyfl/boards/bench_samples.py draws the same ones. What it says: docs/adding-a-board.md.
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
    bench_say("stack", bench_stack_bytes());
    bench_say("digest", digest());
    bench_say("end", 0);
}
