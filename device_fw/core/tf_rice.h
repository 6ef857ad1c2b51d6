#ifndef TF_RICE_H
#define TF_RICE_H

#include <stdint.h>

/*
 * The chunk coding of docs/SPEC.md: zigzag, then Rice with parameter k, most significant bit first.
 * Only integers of -2^31 .. 2^31-1; k = 0 .. TF_RICE_MAX_K.
 */
#define TF_RICE_MAX_K 24u
#define TF_RICE_ESCAPE 24u     /* so many one-bits announce a raw 32-bit value */
#define TF_RICE_WORST_BYTES 7u /* the longest code of one value, rounded up */

typedef struct {
    uint8_t *data;
    uint32_t bytes; /* room */
    uint32_t bit;   /* bits written */
    uint8_t k;
} tf_rice_writer;

/* Appends one value; TF_ERR_SPACE (and nothing written) if it does not fit. */
int tf_rice_write(tf_rice_writer *w, int32_t value);
/* Clears the unused bits of the last byte and returns the number of bytes used. */
uint32_t tf_rice_finish(const tf_rice_writer *w);

typedef struct {
    const uint8_t *data;
    uint32_t bytes;
    uint32_t bit; /* bits read */
    uint8_t k;
} tf_rice_reader;

/* TF_ERR_MALFORMED at the end of the data. */
int tf_rice_read(tf_rice_reader *r, int32_t *value);
/* TF_OK if less than a byte is left and its bits are zero, otherwise TF_ERR_MALFORMED. */
int tf_rice_end(const tf_rice_reader *r);

/* Finds the k that says most values within a number of bits; among equals the one with fewest bits, then smallest k. */
typedef struct {
    uint32_t limit; /* bits */
    uint32_t count; /* values seen */
    uint32_t bits[TF_RICE_MAX_K + 1], fit[TF_RICE_MAX_K + 1];
} tf_rice_choice;

void tf_rice_choose(tf_rice_choice *c, uint32_t limit_bits);
/* Shows the next value. 0: it fits for no k any more, stop. */
int tf_rice_consider(tf_rice_choice *c, int32_t value);
/* The best k; *count: how many of the values seen it can say. */
uint8_t tf_rice_chosen(const tf_rice_choice *c, uint32_t *count);

#endif
