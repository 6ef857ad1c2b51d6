#ifndef WINDOW_CUTTER_H
#define WINDOW_CUTTER_H

#include <stdint.h>

/* Cuts a stream of samples into windows of `rows` samples, one every `hop` samples, overlapping or with gaps. */
typedef struct {
    int8_t *window; /* [rows][channels] the caller's: the window that grows */
    uint32_t rows, channels, hop;
    uint32_t have; /* samples in it */
    uint32_t skip; /* samples to leave out before the next one */
} window_cutter;

/* rows, channels and hop: 1 or more. */
void window_cutter_init(window_cutter *c, int8_t *window, uint32_t rows, uint32_t channels, uint32_t hop);

/* Takes one sample, int8 [channels]. Returns 1 when c->window is complete, until the next sample; else 0. */
int window_cutter_take(window_cutter *c, const int8_t *sample);

#endif
