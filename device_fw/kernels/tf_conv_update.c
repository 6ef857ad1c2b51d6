#include "tf_block.h"
#include "tf_conv_update_dsp.h"
#include "tf_conv_update_plain.h"

void tf_conv_update(const tf_window *win, const tf_rate *rate, int32_t e, uint32_t base, const int8_t *x,
                    const tf_grad *grad_y, int8_t *w, uint8_t *f, void *scratch) {
#if TF_DSP
    tf_conv_update_pairs(win, rate, e, base, x, grad_y, w, f, scratch);
#else
    (void)scratch;
    tf_conv_update_runs(win, rate, e, base, x, grad_y, w, f);
#endif
}
