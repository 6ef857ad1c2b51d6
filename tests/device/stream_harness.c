#include <stdlib.h>

#include "quiet_device.h"
#include "tf_stream.h"

/* A quiet device and a stream, as the Python tests call them. */
typedef struct {
    quiet_device quiet;
    tf_stream stream;
    void *block;
} streamer;

streamer *streamer_new(const tf_model *model, uint16_t capacity) {
    streamer *s = calloc(1, sizeof *s);
    const uint32_t bytes = tf_stream_bytes(model);
    s->block = malloc(bytes);
    if (quiet_open(&s->quiet, model, capacity) < 0 || tf_stream_place(&s->stream, model, s->block, bytes) < 0) {
        return NULL;
    }
    tf_stream_begin(&s->quiet.dev, &s->stream);
    return s;
}

void streamer_free(streamer *s) {
    quiet_close(&s->quiet);
    free(s->block);
    free(s);
}

int streamer_place(const tf_model *model, void *block, uint32_t bytes) {
    tf_stream stream;
    return tf_stream_place(&stream, model, block, bytes);
}

void streamer_begin(streamer *s) { tf_stream_begin(&s->quiet.dev, &s->stream); }

int streamer_step(streamer *s, const int8_t *x, uint32_t n, int16_t *logits) {
    return tf_stream_step(&s->quiet.dev, &s->stream, x, n, logits);
}

int streamer_replay(streamer *s, uint32_t keep) { return tf_stream_replay(&s->quiet.dev, &s->stream, keep); }

int streamer_label(streamer *s, uint16_t label) { return tf_stream_label(&s->quiet.dev, &s->stream, label); }

int streamer_push(streamer *s) { return tf_stream_push(&s->quiet.dev, &s->stream); }

/* The window last shown, into the store. */
int streamer_store(streamer *s, uint16_t label) { return tf_label(&s->quiet.dev, label, TF_FRESH); }

const int8_t *streamer_shown(const streamer *s) { return s->quiet.dev.window; }

/* The first of the store's windows. */
const int8_t *streamer_stored(const streamer *s) { return s->quiet.memory.windows; }

/* A request, all the work that it asks for, and how many training steps that was. */
int streamer_ask(streamer *s, const uint8_t *request, uint32_t n) {
    tf_device *dev = &s->quiet.dev;
    int status = tf_device_receive(dev, request, n);
    while (status == 0 && (status = tf_step(dev)) > 0) {
        status = 0;
    }
    return status < 0 ? status : (int)dev->tally.steps;
}

uint32_t streamer_seed(const streamer *s) { return s->quiet.dev.net.seed; }

const void *streamer_plane(const streamer *s, char which) {
    const tf_device_memory *memory = &s->quiet.memory;
    return which == 'w' ? (const void *)memory->w : which == 'f' ? (const void *)memory->f : (const void *)memory->b;
}
