#ifndef TFH_OPTIONS_H
#define TFH_OPTIONS_H

#include "host_device.h"

typedef struct {
    tfh_config device;
    const char *serial; /* path of the link, or null */
    int fd;             /* -1: none */
} tfh_options;

/* Reads the command line. Exits for --help (0) and for what cannot be understood (2, one sentence on stderr). */
tfh_options tfh_options_parse(int argc, char **argv);

#endif
