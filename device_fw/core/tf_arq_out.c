#include "tf_arq_out.h"

#define FIRST_TIMEOUT_MS 300u
#define MIN_TIMEOUT_MS 50u
#define MAX_TIMEOUT_MS 2000u
#define MAX_BACKOFF 3u
#define FRAME_OVERHEAD 17u /* bytes a DATA frame has on the line beside its payload */
#define LOSS_ONE 16u
#define MEMORY_BYTES 8192u

static uint32_t mask_of(uint32_t first, uint32_t count) {
    uint32_t ones = count >= 32u ? UINT32_MAX : (1u << count) - 1u;
    return ones << first;
}

static uint32_t lowest(uint32_t mask) {
    uint32_t i = 0;
    while (((mask >> i) & 1u) == 0) {
        i++;
    }
    return i;
}

uint32_t tf_arq_units(uint32_t bytes) { return mask_of(0, (bytes + TF_ARQ_UNIT_BYTES - 1u) / TF_ARQ_UNIT_BYTES); }

/* Consecutive units from `first` on, `limit` at most. */
static uint32_t run_of(uint32_t mask, uint32_t first, uint32_t limit) {
    uint32_t count = 1;
    while (count < limit && first + count < TF_ARQ_UNITS && ((mask >> (first + count)) & 1u) != 0) {
        count++;
    }
    return count;
}

static uint32_t at_least(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t at_most(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t timeout_ms(const tf_arq_out *out) {
    uint32_t base = out->peak != 0 ? at_least(2u * out->peak, MIN_TIMEOUT_MS) : FIRST_TIMEOUT_MS;
    return at_most(base << out->backoff, MAX_TIMEOUT_MS);
}

static void sample_round_trip(tf_arq_out *out, uint32_t ms) {
    ms = at_least(at_least(ms, 1u), out->peak - out->peak / 8u);
    out->peak = at_most(ms, MAX_TIMEOUT_MS);
    out->backoff = 0;
}

static void record(tf_arq_out *out, uint32_t payload_bytes, int lost) {
    out->sent_bytes += payload_bytes + FRAME_OVERHEAD;
    if (lost) {
        out->lost16 += LOSS_ONE;
    }
    if (out->sent_bytes >= MEMORY_BYTES) {
        out->sent_bytes /= 2u;
        out->lost16 /= 2u;
    }
}

/* The payload L with the best goodput has L * (L + overhead) * byte error rate = overhead. */
static uint8_t best_units(const tf_arq_out *out) {
    uint8_t units = out->payload_units;
    for (; units > 1u; units--) {
        uint32_t payload = units * TF_ARQ_UNIT_BYTES;
        if (payload * (payload + FRAME_OVERHEAD) * out->lost16 <= LOSS_ONE * FRAME_OVERHEAD * out->sent_bytes) {
            break;
        }
    }
    return units;
}

/* Makes the first `window` of `units` the next burst. */
static void plan(tf_arq_out *out, uint32_t units) {
    uint32_t planned = 0;
    for (uint32_t i = 0; i < out->window_units && units != 0; i++) {
        planned |= units & (~units + 1u);
        units &= units - 1u;
    }
    out->burst = planned;
    out->unjudged |= planned;
    out->burst_units = best_units(out);
}

static void time_out(tf_arq_out *out) {
    if (out->backoff < MAX_BACKOFF) {
        out->backoff++;
    }
    if (out->backoff > 1u) { /* once may be an acknowledgement that is merely late */
        record(out, out->burst_units * TF_ARQ_UNIT_BYTES, 1);
    }
    uint32_t size = best_units(out);
    uint32_t last = TF_ARQ_UNITS - 1u;
    while (((out->missing >> last) & 1u) == 0) {
        last--;
    }
    uint32_t first = last;
    while (first > 0 && last - first + 1u < size && ((out->missing >> (first - 1u)) & 1u) != 0) {
        first--;
    }
    plan(out, mask_of(first, last - first + 1u));
}

/* Counts the frames sent since the last judgement; `unanswered` timeouts went before its answer. */
static void judge(tf_arq_out *out, uint8_t unanswered) {
    if (unanswered == 1u) {
        record(out, out->burst_units * TF_ARQ_UNIT_BYTES, 1);
    }
    uint32_t units = out->unjudged;
    out->unjudged = 0;
    while (units != 0) {
        uint32_t first = lowest(units);
        uint32_t count = run_of(units, first, out->burst_units);
        units &= ~mask_of(first, count);
        record(out, count * TF_ARQ_UNIT_BYTES, (out->missing & mask_of(first, count)) != 0);
    }
}

static void restart(tf_arq_out *out) {
    out->missing = tf_arq_units(out->length);
    out->touched = 0;
    out->unjudged = 0;
    plan(out, out->missing);
}

void tf_arq_out_begin(tf_arq_out *out, uint8_t payload_units, uint8_t window_units) {
    out->payload_units = payload_units;
    out->window_units = window_units;
    out->number = 0;
    out->poll = 0;
    out->peak = 0;
    out->backoff = 0;
    out->lost16 = LOSS_ONE;
    out->sent_bytes = 1024u;
    restart(out);
}

void tf_arq_out_load(tf_arq_out *out, uint16_t length) {
    out->length = length;
    restart(out);
}

uint32_t tf_arq_out_wait(const tf_arq_out *out, uint32_t now_ms) {
    if (out->length == 0) {
        return UINT32_MAX;
    }
    uint32_t left = out->deadline - now_ms;
    return out->burst != 0 || left >= 0x80000000u ? 0 : left;
}

int tf_arq_out_next(tf_arq_out *out, uint32_t now_ms, tf_arq_piece *piece) {
    if (tf_arq_out_wait(out, now_ms) != 0) {
        return 0;
    }
    if (out->burst == 0) {
        time_out(out);
    }
    uint32_t first = lowest(out->burst);
    uint32_t count = run_of(out->burst, first, out->burst_units);
    uint32_t mask = mask_of(first, count);
    out->burst &= ~mask;
    if ((out->touched & mask) != 0) {
        out->repeated_frames++;
    }
    out->touched |= mask;
    piece->first = (uint8_t)first;
    piece->poll = 0;
    if (out->burst == 0) {
        out->poll = out->poll == 255u ? 1u : (uint8_t)(out->poll + 1u);
        piece->poll = out->poll;
        out->polled_at[out->poll % TF_ARQ_POLLS] = now_ms;
        out->deadline = now_ms + timeout_ms(out);
    }
    uint32_t begin = first * TF_ARQ_UNIT_BYTES, bytes = count * TF_ARQ_UNIT_BYTES;
    piece->bytes = (uint16_t)(begin + bytes <= out->length ? bytes : out->length - begin);
    return 1;
}

void tf_arq_out_ack(tf_arq_out *out, uint16_t number, uint8_t poll, uint32_t have, uint32_t now_ms) {
    if (out->length == 0 || number != out->number) {
        return;
    }
    out->missing &= ~have;
    uint32_t age = (out->poll + 255u - poll) % 255u;
    if (poll != 0 && age < TF_ARQ_POLLS - 1u) {
        uint8_t unanswered = out->backoff;
        sample_round_trip(out, now_ms - out->polled_at[poll % TF_ARQ_POLLS]);
        if (age == 0 && out->burst == 0) {
            judge(out, unanswered);
            plan(out, out->missing);
        }
    }
    out->burst &= out->missing;
    if (out->missing == 0) {
        out->length = 0;
        out->number++;
    }
}
