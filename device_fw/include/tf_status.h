#ifndef TF_STATUS_H
#define TF_STATUS_H

/* The one set of result codes of the device code: 0 is success, every failure is negative. */
typedef enum {
    TF_OK = 0,
    TF_ERR_ARGUMENT = -1,  /* a caller passed what the contract forbids */
    TF_ERR_SPACE = -2,     /* a caller-owned buffer is too small */
    TF_ERR_MALFORMED = -3, /* bytes from outside do not decode */
    TF_ERR_VERSION = -4,   /* protocol, scheme or base version differs */
    TF_ERR_STATE = -5,     /* not possible in the device's present state */
    TF_ERR_DIGEST = -6,    /* contents do not match their digest */
    TF_ERR_IO = -7,        /* a port function failed */
    TF_ERR_EMPTY = -8,     /* nothing there (no sample, no stored state) */
} tf_status;

#endif
