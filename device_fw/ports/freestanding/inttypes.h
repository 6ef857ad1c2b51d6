#ifndef INTTYPES_H
#define INTTYPES_H

/* zcbor asks for this header and needs its types alone. */
#include <stdint.h>

#endif
