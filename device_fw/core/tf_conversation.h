#ifndef TF_CONVERSATION_H
#define TF_CONVERSATION_H

#include "tf_device.h"

/* The unsolicited messages. They return what sending returned. */
int tf_say_hello(tf_device *dev);
int tf_say_done(tf_device *dev);

/* TF_IDLE, TF_TRAINING, TF_TRAINED, or TF_EVALUATING while an evaluation is under way. */
tf_state tf_reported_state(const tf_device *dev);

#endif
