#ifndef LAB_H
#define LAB_H

#include "fuzz.h"
#include "tf_device.h"

/* A device with the tests' small network on a flash of bytes, for targets that want a whole one. */
enum { LAB_CAPACITY = 12, LAB_SECTOR = 256, LAB_FLASH_BYTES = 4096, LAB_ROUND = 1 };

typedef struct {
    tf_device dev;
    tf_port port;
    tf_device_memory memory;
    _Alignas(8) uint8_t block[1024];
    uint8_t flash[LAB_FLASH_BYTES];
    uint32_t clock, answers; /* answers: messages sent so far */
    uint32_t fail_at;        /* the port call that fails, counted from 1; 0: none */
} lab;

/* A flash as delivered. */
void lab_erase(lab *l);
/* Boots on the flash as it is; returns what tf_device_init does. */
int lab_boot(lab *l);
/* Trains a round on the base as shipped and commits it: a flash with something in it. */
void lab_round(lab *l);
/* What must hold between any two calls. */
void lab_check(const lab *l);

#endif
