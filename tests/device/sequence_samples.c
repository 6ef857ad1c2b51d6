/*
 * Shows a device of a language network what is and what is no sequence, each in a block of just its size, and prints
 * what the device says. Built with sanitizers: none of it may read or write past a block.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "tf_device.h"

#define SECTOR 4096u

typedef struct {
    uint8_t *bytes;
    uint32_t size;
} flash;

static uint32_t now(void *ctx) {
    (void)ctx;
    return 0;
}

static int flash_read(void *ctx, uint32_t at, void *to, uint32_t n) {
    memcpy(to, ((flash *)ctx)->bytes + at, n);
    return 0;
}

static int flash_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    memcpy(((flash *)ctx)->bytes + at, from, n);
    return 0;
}

static int flash_erase(void *ctx, uint32_t sector) {
    memset(((flash *)ctx)->bytes + sector * SECTOR, 0xff, SECTOR);
    return 0;
}

static int send_nothing(void *ctx, const uint8_t *message, uint32_t n) {
    (void)ctx, (void)message, (void)n;
    return 0;
}

static int collect_nothing(void *ctx, tf_device *dev, uint32_t first, uint32_t last) {
    (void)ctx, (void)dev, (void)first, (void)last;
    return 0;
}

static int no_sample(void *ctx, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label) {
    (void)ctx, (void)set, (void)index, (void)x, (void)label;
    return TF_ERR_EMPTY;
}

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

int main(void) {
    const tf_model *model = &tf_model_net;
    flash area = {0};
    area.size = 2 * tf_device_slot_bytes(model, 4, SECTOR);
    area.bytes = malloc(area.size);
    memset(area.bytes, 0xff, area.size);
    const tf_port port = {&area,       area.size,    SECTOR,          now,      flash_read, flash_write,
                          flash_erase, send_nothing, collect_nothing, no_sample};
    const uint32_t bytes = tf_device_memory_bytes(model, 4);
    void *block = aligned_alloc(8, bytes);
    tf_device_memory memory;
    const tf_device_config config = {"typist", 1};
    static tf_device dev;
    if (tf_device_memory_place(&memory, model, 4, block, bytes) < 0 ||
        tf_device_init(&dev, model, &port, &memory, &config) < 0) {
        return 1;
    }
    const uint32_t steps = TF_NET_STEPS;
    for (uint32_t n = 0; n <= steps + 2; n++) {
        show(&dev, n, n, 0);
    }
    show(&dev, steps, 1, TF_NET_TOKENS);
    show(&dev, steps + 1, 0, TF_NET_TOKENS);
    show(&dev, steps + 1, steps, TF_NET_TOKENS);
    show(&dev, steps + 1, steps, TF_NET_TOKENS - 1);
    printf("%d %d\n", tf_infer(&dev, NULL, steps, tf_logits(&dev)), tf_push_sample(&dev, NULL, steps + 1));

    /* the kernels themselves, given tokens that do not exist */
    int8_t *x = malloc(TF_NET_INPUT_BYTES);
    memset(x, 127, TF_NET_INPUT_BYTES);
    model->forward(&dev.net, x, tf_logits(&dev));
    free(x);
    free(block);
    free(area.bytes);
    return 0;
}
