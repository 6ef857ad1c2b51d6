#include "tf_windows.h"

#include <string.h>

#include "tf_arith.h"
#include "tf_sample.h"

#define MIX_SEED 0x85ebca6bu
#define MIX_ROUND 0xc2b2ae35u
#define MIX_PURPOSE 0x27d4eb2fu
#define MIX_STEP 0x9e3779b9u
#define PURPOSE_ORDER 1u
#define PURPOSE_STORE 2u

/* An integer from 0 to n - 1 that follows from the random word r; n >= 1. */
static uint32_t below(uint32_t r, uint32_t n) { return (uint32_t)(((uint64_t)r * n) >> 32); }

static uint32_t stratum_of(const tf_device *dev, uint32_t slot) {
    return TF_ORIGINS * dev->mem.labels[slot] + dev->mem.origins[slot];
}

static uint32_t stratum_size(const tf_device *dev, uint32_t stratum) {
    uint32_t size = 0;
    for (uint32_t i = 0; i < dev->window_count; i++) {
        size += stratum_of(dev, i) == stratum;
    }
    return size;
}

/* The slot that yields: a random one of the largest stratum; among equals the newcomer's own, else the lowest. */
static uint32_t yielding_slot(const tf_device *dev, uint32_t newcomer) {
    uint32_t largest = newcomer;
    uint32_t size = stratum_size(dev, newcomer);
    for (uint32_t stratum = 0; stratum < TF_ORIGINS * dev->model->classes; stratum++) {
        const uint32_t other = stratum_size(dev, stratum);
        if (other > size) {
            size = other;
            largest = stratum;
        }
    }
    uint32_t skip =
        below(tf_mix32(tf_mix32(dev->net.seed * MIX_SEED + PURPOSE_STORE * MIX_PURPOSE) + dev->pushed), size);
    uint32_t slot = 0;
    while (stratum_of(dev, slot) != largest || skip-- > 0) {
        slot++;
    }
    return slot;
}

void tf_windows_put(tf_device *dev, const int8_t *x, uint16_t label, uint8_t origin) {
    const uint32_t slot =
        dev->window_count < dev->mem.capacity ? dev->window_count++ : yielding_slot(dev, TF_ORIGINS * label + origin);
    memcpy(dev->mem.windows + (size_t)slot * dev->model->input_bytes, x, dev->model->input_bytes);
    dev->mem.labels[slot] = label;
    dev->mem.origins[slot] = origin;
    dev->pushed++;
}

uint32_t tf_windows_shipped(const tf_device *dev) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < dev->window_count; i++) {
        count += dev->mem.origins[i] == TF_FACTORY;
    }
    return count;
}

uint32_t tf_windows_order(tf_device *dev, uint32_t round, uint32_t epoch, int with_factory) {
    uint16_t *order = dev->mem.order;
    uint32_t n = 0;
    for (uint32_t i = 0; i < dev->window_count; i++) {
        if (with_factory || dev->mem.origins[i] != TF_FACTORY) {
            order[n++] = (uint16_t)i;
        }
    }
    const uint32_t base =
        tf_mix32(tf_mix32(dev->net.seed * MIX_SEED + round * MIX_ROUND + PURPOSE_ORDER * MIX_PURPOSE) + epoch);
    for (uint32_t i = n; i-- > 1;) {
        const uint32_t j = below(tf_mix32(base + i * MIX_STEP), i + 1u);
        const uint16_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    return n;
}

const int8_t *tf_windows_at(const tf_device *dev, uint16_t slot) {
    return dev->mem.windows + (size_t)slot * dev->model->input_bytes;
}

int tf_windows_possible(const tf_device *dev) {
    for (uint32_t i = 0; i < dev->window_count; i++) {
        const int8_t *x = dev->mem.windows + (size_t)i * dev->model->input_bytes;
        if (dev->mem.labels[i] >= dev->model->classes || dev->mem.origins[i] >= TF_ORIGINS ||
            tf_sample_labelled(dev->model, x, dev->model->input_bytes) != TF_OK) {
            return 0;
        }
    }
    return 1;
}
