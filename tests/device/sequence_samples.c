/*
 * Shows a device of a language network what is and what is no sequence, each in a block of just its size, and prints
 * what the device says. Built with sanitizers: none of it may read or write past a block.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "quiet_device.h"
#include "tf_stream.h"

/* Says what inference and the store make of n tokens, of which number `at` is `token`. */
static void show(tf_device *dev, uint32_t n, uint32_t at, int32_t token) {
    int8_t *x = malloc(n ? n : 1);
    memset(x, -128, n);
    if (at < n) {
        x[at] = (int8_t)(token - 128);
    }
    printf("%d ", tf_infer(dev, x, n, tf_logits(dev)));
    const int pushed = tf_push_sample(dev, x, n);
    printf("%d %d\n", pushed, pushed == TF_OK ? tf_label(dev, 0, TF_FRESH) : 0);
    free(x);
}

/* Says what a stream makes of a step of n bytes, the first of which is `token`. */
static void show_step(tf_device *dev, tf_stream *stream, uint32_t n, int32_t token) {
    int8_t *x = malloc(n ? n : 1);
    int16_t *logits = malloc(sizeof(int16_t) * TF_NET_CLASSES);
    memset(x, token - 128, n);
    printf("%d\n", tf_stream_step(dev, stream, x, n, logits));
    free(logits);
    free(x);
}

static void show_stream(tf_device *dev, const tf_model *model) {
    const uint32_t bytes = tf_stream_bytes(model);
    void *block = aligned_alloc(8, bytes);
    tf_stream stream;
    printf("%d\n", tf_stream_place(&stream, model, block, bytes - 1));
    printf("%d\n", tf_stream_place(&stream, model, block, bytes));
    tf_stream_begin(dev, &stream);
    for (uint32_t n = 0; n <= 2; n++) {
        show_step(dev, &stream, n, TF_NET_TOKENS - 1);
    }
    show_step(dev, &stream, 1, TF_NET_TOKENS);
    for (uint32_t t = 1; t < TF_NET_STEPS; t++) {
        printf("%d ", tf_stream_push(dev, &stream));
        show_step(dev, &stream, 1, 0);
    }
    show_step(dev, &stream, 1, 0);
    printf("%d\n", tf_stream_replay(dev, &stream, TF_NET_STEPS + 1));
    printf("%d\n", tf_stream_replay(dev, &stream, TF_NET_STEPS - 1));
    show_step(dev, &stream, 1, 1);
    printf("%d ", tf_stream_push(dev, &stream));
    printf("%d\n", tf_label(dev, 0, TF_FRESH));
    printf("%d\n", tf_stream_label(dev, &stream, 0));
    free(block);
}

int main(void) {
    const tf_model *model = &tf_model_net;
    static quiet_device quiet;
    if (quiet_open(&quiet, model, 4) < 0) {
        return 1;
    }
    tf_device *dev = &quiet.dev;
    const uint32_t steps = TF_NET_STEPS;
    for (uint32_t n = 0; n <= steps + 2; n++) {
        show(dev, n, n, 0);
    }
    show(dev, steps, 1, TF_NET_TOKENS);
    show(dev, steps + 1, 0, TF_NET_TOKENS);
    show(dev, steps + 1, steps, TF_NET_TOKENS);
    show(dev, steps + 1, steps, TF_NET_TOKENS - 1);
    printf("%d %d\n", tf_infer(dev, NULL, steps, tf_logits(dev)), tf_push_sample(dev, NULL, steps + 1));
    show_stream(dev, model);

    /* the kernels themselves, given tokens that do not exist */
    int8_t *x = malloc(TF_NET_INPUT_BYTES);
    memset(x, 127, TF_NET_INPUT_BYTES);
    model->forward(&dev->net, x, tf_logits(dev));
    free(x);
    quiet_close(&quiet);
    return 0;
}
