#include <string.h>

#include "bench_port.h"
#include "transformer.h"

/*
 * Measures the float32 transformer as device_fw/ports/bench/bench.c measures a compiled network, on the same bytes, and
 * says of each step the probability of the right next byte, too, in millionths.
 */
#define BENCH_SEED 2463534242u

extern const float frozen_weights[], shipped_weights[TRAINED]; /* written by transformer_step.py */

static float trained[TRAINED];
static uint8_t sample[STEPS + 1];

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

static void draw_sample(uint32_t *random) {
    uint32_t word = *random;
    for (uint32_t i = 0; i < sizeof sample; i++) {
        if (i % 4 == 0) {
            word ^= word << 13;
            word ^= word >> 17;
            word ^= word << 5;
        }
        sample[i] = (uint8_t)(word >> (8 * (i % 4)));
    }
    *random = word;
}

void bench_run(void) {
    uint32_t random = BENCH_SEED;
    memcpy(trained, shipped_weights, sizeof trained);
    transformer_bind(frozen_weights, trained);

    uint32_t start = bench_ticks();
    bench_say("nothing", bench_ticks() - start);

    draw_sample(&random);
    start = bench_ticks();
    transformer_forward(sample);
    bench_say("forward", bench_ticks() - start);

    for (uint32_t step = 0; step < BENCH_STEPS; step++) {
        draw_sample(&random);
        start = bench_ticks();
        const float right = transformer_step(sample, RATE);
        bench_say("step", bench_ticks() - start);
        bench_say("right", (uint32_t)(right * 1e6f + 0.5f));
    }
    bench_say("stack", bench_stack_bytes());
    bench_say("end", 0);
}
