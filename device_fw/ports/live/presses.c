#include "presses.h"

uint32_t presses_take(presses *p, int pressed, uint32_t now_ms) {
    if ((pressed != 0) != p->level) {
        p->level = pressed != 0;
        p->changed_ms = now_ms;
    }
    if (p->level != p->down && now_ms - p->changed_ms >= PRESSES_SETTLE_MS) {
        p->down = p->level;
        p->settled_ms = now_ms;
        p->count = (uint8_t)(p->count + (p->down && p->count < UINT8_MAX));
    }
    if (p->down || p->level || p->count == 0 || now_ms - p->settled_ms < PRESSES_PAUSE_MS) {
        return 0;
    }
    const uint32_t count = p->count;
    p->count = 0;
    return count;
}
