#ifndef TF_DEVICE_H
#define TF_DEVICE_H

#include <stdint.h>

#include "tf_net.h"
#include "tf_status.h"

/*
 * One device: the network, its labelled windows, and its side of the conversation (docs/DESIGN.md, docs/SPEC.md).
 * All memory is the caller's, several devices may live in one program, nothing blocks. Not thread-safe: call every
 * function of one device from one thread, and none from inside a port function except where said.
 *
 *     tf_device_init(&dev, &model, &port, &memory, &config);
 *     for (;;) {
 *         if (a whole message has arrived) tf_device_receive(&dev, bytes, n);
 *         if (tf_step(&dev) == 0) sleep until something happens;
 *     }
 */

#define TF_PROTOCOL 1u
#define TF_MESSAGE_BYTES 1024u /* the longest message either way */
#define TF_CHUNK_BYTES 896u    /* the longest chunk of coded integers in a message */
#define TF_NAME_BYTES 32u
#define TF_SHARED_TENSORS 64u /* a model shares at most so many tensors */
#define TF_FLASH_UNIT 64u     /* flash is written in whole, aligned units of so many bytes, each once per erase */

typedef struct tf_device tf_device;

/*
 * What a board provides. Functions returning int return 0 (or a count where said) or a negative tf_status.
 * Flash offsets count from the start of the area set aside for the device.
 */
typedef struct {
    void *ctx;
    uint32_t flash_bytes; /* area for two copies of the state: 2 * tf_device_slot_bytes() at least */
    uint32_t
        sector_bytes; /* smallest erasable piece: a multiple of TF_FLASH_UNIT, 256 or more; it divides flash_bytes */

    /* Milliseconds since any moment; wraps. */
    uint32_t (*now_ms)(void *ctx);

    int (*flash_read)(void *ctx, uint32_t at, void *to, uint32_t n);
    /* at and n are multiples of TF_FLASH_UNIT; the range is erased. */
    int (*flash_write)(void *ctx, uint32_t at, const void *from, uint32_t n);
    /* sector counts from 0. Erased bytes read as 0xff. */
    int (*flash_erase)(void *ctx, uint32_t sector);

    /* Sends one whole message (n <= TF_MESSAGE_BYTES); copies it or sends it before returning. */
    int (*send)(void *ctx, const uint8_t *message, uint32_t n);

    /*
     * Hands over, by tf_push_sample and tf_label and always in the same order, the windows that were labelled from
     * round `first` up to round `last`, both included. Round 0 means the windows shipped with the device: asked once,
     * at its first boot. After a reset the same range may be asked again: keep labelled windows until their round is
     * committed. The windows need to stay valid only until the next tf_push_sample.
     */
    int (*collect)(void *ctx, tf_device *dev, uint32_t first, uint32_t last);

    /*
     * Window `index` (from 0) of evaluation set `set`: *x = int8 [input_bytes], valid until the next call.
     * TF_ERR_EMPTY past the end, also for a set that does not exist.
     */
    int (*sample)(void *ctx, uint32_t set, uint32_t index, const int8_t **x, uint16_t *label);
} tf_port;

typedef struct {
    const char *name; /* 1 .. TF_NAME_BYTES bytes of UTF-8, NUL-terminated; must outlive the device */
    uint32_t seed;    /* of the first boot; later boots use the stored one */
} tf_device_config;

/* Where a window comes from. */
#define TF_FRESH 0u     /* labelled by the wearer */
#define TF_FACTORY 1u   /* shipped with the device */
#define TF_PREDICTED 2u /* labelled by the network itself */
#define TF_ORIGINS 3u

/* The planes of one device. tf_device_memory_place cuts them out of one block. */
typedef struct {
    int8_t *w;         /* [trained_weights] */
    uint8_t *f;        /* [trained_weights] */
    int32_t *b;        /* [trained_biases] */
    uint8_t *arena;    /* [arena_bytes], 8-byte aligned */
    int16_t *base_w;   /* [shared weights] master of the global model the round starts from */
    int32_t *base_b;   /* [shared biases] */
    int16_t *residual; /* [shared weights, then shared biases] what earlier deltas could not say */
    int8_t *windows;   /* [capacity][input_bytes] */
    uint16_t *labels;  /* [capacity] */
    uint8_t *origins;  /* [capacity] */
    uint16_t *order;   /* [capacity] */
    uint16_t capacity; /* windows the store holds, 1 or more */
} tf_device_memory;

/* Bytes of one 8-byte aligned block for everything above; a constant expression, for static storage. */
#define TF_ALIGN8(n) (((uint32_t)(n) + 7u) & ~7u)
#define TF_DEVICE_MEMORY_BYTES(trained_weights, trained_biases, shared_weights, shared_biases, arena_bytes,            \
                               input_bytes, capacity)                                                                  \
    (TF_ALIGN8(arena_bytes) + TF_ALIGN8(4u * (trained_biases)) + TF_ALIGN8(4u * (shared_biases)) +                     \
     TF_ALIGN8(2u * (shared_weights)) + TF_ALIGN8(2u * ((shared_weights) + (shared_biases))) +                         \
     2u * TF_ALIGN8(2u * (capacity)) + TF_ALIGN8(capacity) + 2u * TF_ALIGN8(trained_weights) +                         \
     TF_ALIGN8((uint32_t)(capacity) * (input_bytes)))

/* Elements of the shared space: weights, then biases. */
uint32_t tf_shared_weights(const tf_model *model);
uint32_t tf_shared_biases(const tf_model *model);

/* TF_DEVICE_MEMORY_BYTES of this model. */
uint32_t tf_device_memory_bytes(const tf_model *model, uint16_t capacity);
/* TF_ERR_ARGUMENT: block not 8-byte aligned or capacity 0; TF_ERR_SPACE: block too small. */
int tf_device_memory_place(tf_device_memory *memory, const tf_model *model, uint16_t capacity, void *block,
                           uint32_t bytes);

/* Bytes of flash one stored copy of the state takes, a multiple of sector_bytes. */
uint32_t tf_device_slot_bytes(const tf_model *model, uint16_t capacity, uint32_t sector_bytes);

typedef enum { TF_IDLE = 0, TF_TRAINING = 1, TF_TRAINED = 2, TF_EVALUATING = 3 } tf_state;

/* A `train` request, kept to recognise its repetition. */
typedef struct {
    uint32_t round, version, digest;
    uint16_t epochs;
    int8_t lr_shift;
    uint8_t share, replay;
    uint8_t shifts[TF_SHARED_TENSORS];
} tf_job;

/* What a round of training did. */
typedef struct {
    uint32_t examples;  /* windows in each epoch */
    uint32_t steps;     /* training steps done */
    uint64_t p_sum;     /* sum over steps of p(label) before the step, Q15 */
    uint32_t saturated; /* gradient elements that hit their limit */
    uint32_t ms;        /* from start to end */
} tf_tally;

typedef struct {
    uint32_t set, windows;
    uint32_t count, correct; /* of windows, or of the steps of sequences */
    uint8_t active;          /* under way */
    uint8_t finished;        /* holds for the weights as they are */
} tf_evaluation;

/* What the store of the flash knows beside the planes. */
typedef struct {
    uint32_t sequence;  /* of the newest copy; 0: none */
    uint32_t erases[2]; /* of each slot since manufacture */
    uint8_t newest;     /* slot that holds it */
} tf_flash_state;

/* One device. Read its fields if you like; only the functions below write them. */
struct tf_device {
    const tf_model *model;
    const tf_port *port;
    tf_device_memory mem;
    tf_net net;
    const char *name;
    uint32_t shared_weights, shared_biases;
    uint16_t shared_tensors;
    uint8_t state;  /* TF_IDLE, TF_TRAINING or TF_TRAINED */
    uint8_t folded; /* the residual holds this round already, only its writing failed */
    uint8_t stale;  /* the planes hold part of an abandoned round until the flash has been read again */
    uint32_t base_version;
    uint32_t last_round;      /* committed; 0: none */
    uint32_t collected_round; /* windows up to it are in the store */
    uint32_t boots;
    uint16_t window_count; /* windows in the store */
    uint32_t pushed;       /* windows ever put into the store */
    const int8_t *window;  /* the caller's, waiting for its label */
    tf_job job;            /* valid while training or trained */
    tf_tally tally;
    uint32_t started_ms;
    uint32_t delta_digest; /* of q, valid when trained */
    tf_evaluation evaluation;
    tf_flash_state flash;
    uint8_t tx[TF_MESSAGE_BYTES];
};

/*
 * Takes the state from flash, or starts as shipped (and then stores that once), and says hello. The structs pointed to
 * must outlive the device; dev itself needs no preparation.
 * TF_ERR_ARGUMENT: a missing plane, function or name, or a model with too many shared tensors or without fractions,
 * which a federation's deltas are made of. TF_ERR_SPACE: flash too
 * small. TF_ERR_IO: flash failed.
 */
int tf_device_init(tf_device *dev, const tf_model *model, const tf_port *port, const tf_device_memory *memory,
                   const tf_device_config *config);

/*
 * Handles one message and answers it through port->send, whatever its bytes are. Returns what sending returned; a
 * request the device cannot serve is answered with its reason and is no failure here.
 */
int tf_device_receive(tf_device *dev, const uint8_t *bytes, uint32_t n);

/* One bounded piece of work: a training step or an inference of an evaluation. 1: more to do; 0: idle; < 0: failed. */
int tf_step(tf_device *dev);

/*
 * What the network says of a window or a sequence of n bytes, int8 in the model's input scale or token - 128, without
 * labels of its steps. logits: room for int16 [steps][classes], 1/16 nat; tf_logits() will do. Possible at any time.
 * TF_ERR_EMPTY: n = 0; TF_ERR_SPACE: longer than the network was compiled for; TF_ERR_ARGUMENT: shorter, or a token
 * that it does not know.
 */
int tf_infer(tf_device *dev, const int8_t *x, uint32_t n, int16_t *logits);
/* Room for logits, in the arena: what is there lasts until the device works again. */
int16_t *tf_logits(tf_device *dev);
/* The class that logits [classes] name: that of the highest, the lowest class of several. */
uint16_t tf_class_of(const int16_t *logits, uint16_t classes);

/*
 * Shows a window of n = input_bytes bytes to be labelled, or a sequence with the labels of its steps in it, which then
 * still wants tf_label(dev, 0, origin). x stays the caller's and valid until its label or the next one. Errors as of
 * tf_infer, and TF_ERR_ARGUMENT for a step labelled with a class that does not exist.
 */
int tf_push_sample(tf_device *dev, const int8_t *x, uint32_t n);

/*
 * Puts the window last shown into the store with its label and origin (TF_FRESH, TF_FACTORY). docs/SPEC.md says
 * which window yields its place when the store is full. TF_ERR_STATE while training, TF_ERR_EMPTY without a window,
 * TF_ERR_ARGUMENT for a label or origin that does not exist. Also for use inside port->collect. The store is written
 * to flash when a round is committed.
 */
int tf_label(tf_device *dev, uint16_t label, uint8_t origin);

/*
 * Labels the window last shown with what the network says it is (Lee, "Pseudo-Label", 2013), if the best logit is
 * `margin` (1/16 nat, 1 or more) or further ahead of every other one; origin TF_PREDICTED. 1: labelled; 0: not so sure,
 * the window still waits. For applications that allow it; nothing else calls it. Errors as of tf_label.
 */
int tf_label_predicted(tf_device *dev, int16_t margin);

#endif
