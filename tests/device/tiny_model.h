#ifndef TINY_MODEL_H
#define TINY_MODEL_H

#include "tf_net.h"

#define TINY_CLASSES 3

extern const tf_model tiny_model;

#endif
