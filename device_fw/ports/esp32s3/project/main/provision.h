#ifndef PROVISION_H
#define PROVISION_H

#include <stdint.h>

#include "tf_device.h"

/*
 * Who the device is and whom it talks to, as `tinyfl flash --name` writes it (docs/SPEC.md, "Provisioning"). What is
 * not there is empty.
 */
typedef struct {
    char name[TF_NAME_BYTES + 1];
    uint32_t seed;
    char fleet[33], ssid[33], password[64];
    char broker[129], user[129], secret[129];
    char ca[4000]; /* PEM; the most that NVS holds in a string */
} provision;

/* TF_ERR_EMPTY: it has no name yet; TF_ERR_SPACE: a value is too long; TF_ERR_IO. */
int provision_read(provision *to);

#endif
