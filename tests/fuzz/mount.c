/*
 * A flash somebody else has written. The first byte says which checksums are made right afterwards (1, 2: of the
 * slots' headers, 4, 8: of their bodies, first) and the second which port call fails; then come changes to a flash of
 * two rounds: where, how many bytes, bytes. Whatever is mounted must be usable.
 */
#include <string.h>

#include "lab.h"
#include "tf_frame.h"

enum { SLOT_BYTES = LAB_FLASH_BYTES / 2, BODY_AT = 1024, BODY_BYTES_AT = 20, BODY_CRC_AT = 24, HEADER_CRC_AT = 60 };

static uint8_t shipped[LAB_FLASH_BYTES];

static void put32(uint8_t *to, uint32_t v) {
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = (uint8_t)(v >> 8 * i);
    }
}

static uint32_t get32(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static void make_right(uint8_t *slot, int header, int body) {
    const uint32_t n = get32(slot + BODY_BYTES_AT);
    if (body && n <= SLOT_BYTES - BODY_AT) {
        put32(slot + BODY_CRC_AT, tf_crc32(0, slot + BODY_AT, n));
    }
    if (header) {
        put32(slot + HEADER_CRC_AT, tf_crc32(0, slot, HEADER_CRC_AT));
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static lab l;
    (void)argc;
    (void)argv;
    lab_erase(&l);
    MUST(lab_boot(&l) == TF_OK);
    lab_round(&l);
    lab_round(&l);
    memcpy(shipped, l.flash, sizeof shipped);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lab l;
    fuzz_input in = {data, size};
    const uint8_t right = fuzz_byte(&in);
    l.fail_at = fuzz_byte(&in);
    memcpy(l.flash, shipped, sizeof l.flash);
    while (in.left > 0) {
        const uint32_t at = fuzz_half(&in) % LAB_FLASH_BYTES;
        size_t n = fuzz_byte(&in);
        n = n < LAB_FLASH_BYTES - at ? n : LAB_FLASH_BYTES - at;
        const uint8_t *bytes = fuzz_bytes(&in, &n);
        if (n > 0) {
            memcpy(l.flash + at, bytes, n);
        }
    }
    for (uint32_t slot = 0; slot < 2; slot++) {
        make_right(l.flash + slot * SLOT_BYTES, right >> slot & 1, right >> (2 + slot) & 1);
    }
    if (lab_boot(&l) < 0) {
        return 0;
    }
    lab_check(&l);
    lab_round(&l);
    lab_check(&l);
    return 0;
}
