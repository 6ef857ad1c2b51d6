#define _GNU_SOURCE
#include "host_options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "Usage: device --recordings FILE --name NAME (--serial LINK | --fd N) [--flash FILE] [--seed S] [--store N]\n"
    "\n"
    "An emulated tinyfl device.\n"
    "\n"
    "  --recordings FILE  labelled windows its sensor and wearer will bring\n"
    "  --name NAME        what the fleet calls it, up to 32 bytes\n"
    "  --serial LINK      talk over a pseudo-terminal; make the symbolic link LINK to it\n"
    "  --fd N             talk in whole messages over the inherited SOCK_SEQPACKET socket N\n"
    "  --flash FILE       keep its flash there; without it a restart begins as shipped\n"
    "  --seed S           seed of its first boot (default 1)\n"
    "  --store N          windows it can keep (default 64)\n"
    "  --help             this text\n";

static void refuse(const char *what, const char *why) {
    fprintf(stderr, "device: %s %s; --help lists the options.\n", what, why);
    exit(2);
}

static unsigned long number(const char *option, const char *text, unsigned long most) {
    char *end;
    unsigned long value = strtoul(text, &end, 0);
    if (*text < '0' || *text > '9' || *end != '\0' || value > most) {
        refuse(option, "needs a whole number in its range");
    }
    return value;
}

static void check(const tfh_options *options) {
    if (options->device.recordings == NULL) {
        refuse("--recordings", "is missing");
    }
    if (options->device.name == NULL) {
        refuse("--name", "is missing");
    }
    if ((options->serial == NULL) == (options->fd < 0)) {
        refuse("one of --serial and --fd", "is needed");
    }
}

tfh_options tfh_options_parse(int argc, char **argv) {
    static const struct option known[] = {
        {"recordings", required_argument, NULL, 'r'},
        {"name", required_argument, NULL, 'n'},
        {"serial", required_argument, NULL, 's'},
        {"fd", required_argument, NULL, 'd'},
        {"flash", required_argument, NULL, 'f'},
        {"seed", required_argument, NULL, 'e'},
        {"store", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    tfh_options options = {.device = {.seed = 1, .capacity = 64}, .fd = -1};
    for (int choice; (choice = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (choice == 'r') {
            options.device.recordings = optarg;
        } else if (choice == 'n') {
            options.device.name = optarg;
        } else if (choice == 's') {
            options.serial = optarg;
        } else if (choice == 'd') {
            options.fd = (int)number("--fd", optarg, INT_MAX);
        } else if (choice == 'f') {
            options.device.flash = optarg;
        } else if (choice == 'e') {
            options.device.seed = (uint32_t)number("--seed", optarg, UINT32_MAX);
        } else if (choice == 'c') {
            options.device.capacity = (uint32_t)number("--store", optarg, UINT16_MAX);
        } else if (choice == 'h') {
            fputs(usage, stdout);
            exit(0);
        } else {
            exit(2); /* getopt has said why */
        }
    }
    if (optind < argc) {
        refuse(argv[optind], "is no option");
    }
    check(&options);
    return options;
}
