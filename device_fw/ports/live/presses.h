#ifndef PRESSES_H
#define PRESSES_H

#include <stdint.h>

/* Counts the presses of a button that bounces. All zero is a button that is up. */
#define PRESSES_SETTLE_MS 20u /* a level counts once it has lasted so long */
#define PRESSES_PAUSE_MS 700u /* after which a series of presses has ended */

typedef struct {
    uint32_t changed_ms; /* when the level last changed */
    uint32_t settled_ms; /* when the button last went up or down for good */
    uint8_t level, down; /* as seen; as settled */
    uint8_t count;
} presses;

/*
 * Takes the level (1: pressed), looked at every 10 ms or so; the time may wrap. Returns how often the button was
 * pressed once the series has ended, 1 .. 255, else 0.
 */
uint32_t presses_take(presses *p, int pressed, uint32_t now_ms);

#endif
