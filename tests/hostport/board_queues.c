#include "outbox.h"
#include "ring.h"

/* The queues of a board's device, for ctypes. */
static ring bytes;
static outbox box;

int try_put(uint8_t byte);
int try_get(void);
int box_put(const uint8_t *message, uint32_t n);
const uint8_t *box_oldest(uint32_t *n);
void box_drop(void);

int try_put(uint8_t byte) {
    if (ring_full(&bytes)) {
        return 0;
    }
    ring_put(&bytes, byte);
    return 1;
}

int try_get(void) { return ring_get(&bytes); }
int box_put(const uint8_t *message, uint32_t n) { return outbox_put(&box, message, n); }
const uint8_t *box_oldest(uint32_t *n) { return outbox_oldest(&box, n); }
void box_drop(void) { outbox_drop(&box); }
