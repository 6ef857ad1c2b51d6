#include "tf_sample.h"

static uint32_t unlabelled_bytes(const tf_model *model) {
    if (!model->target) {
        return model->input_bytes;
    }
    return model->tokens ? model->steps : model->target;
}

/* Whether n bytes, value - 128 each, are below `end`. */
static int all_below(const int8_t *x, uint32_t n, uint32_t end) {
    for (uint32_t i = 0; i < n; i++) {
        if ((uint32_t)(x[i] + 128) >= end) {
            return 0;
        }
    }
    return 1;
}

static int check(const int8_t *x, uint32_t n, uint32_t wanted, uint32_t tokens, uint32_t of_tokens) {
    if (!x) {
        return TF_ERR_ARGUMENT;
    }
    if (n != wanted) {
        return n == 0 ? TF_ERR_EMPTY : n > wanted ? TF_ERR_SPACE : TF_ERR_ARGUMENT;
    }
    return !tokens || all_below(x, of_tokens, tokens) ? TF_OK : TF_ERR_ARGUMENT;
}

int tf_sample_unlabelled(const tf_model *model, const int8_t *x, uint32_t n) {
    const uint32_t wanted = unlabelled_bytes(model);
    return check(x, n, wanted, model->tokens, wanted);
}

int tf_sample_step(const tf_model *model, const int8_t *x, uint32_t n) {
    return check(x, n, model->step_bytes, model->tokens, model->step_bytes);
}

int tf_sample_labelled(const tf_model *model, const int8_t *x, uint32_t n) {
    const int status = check(x, n, model->input_bytes, model->tokens, unlabelled_bytes(model));
    if (status != TF_OK || !model->target) {
        return status;
    }
    return all_below(x + model->target, model->steps, model->classes) ? TF_OK : TF_ERR_ARGUMENT;
}
