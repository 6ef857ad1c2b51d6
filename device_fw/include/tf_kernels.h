#ifndef TF_KERNELS_H
#define TF_KERNELS_H

#include <stdint.h>

/*
 * The integer kernels generated networks call. docs/NUMERICS.md defines every bit of their results; section numbers
 * below are its. Tensors are H W C. No kernel allocates, fails or keeps state: the compiler guarantees the ranges.
 * A 1-D network has H = 1. Scratch is the caller's; its size stands beside each kernel that needs one.
 *
 * TF_GRAD_BITS (8 or 16, one value per image) is the width of gradients and of the folded operand.
 */
#ifndef TF_GRAD_BITS
#define TF_GRAD_BITS 8
#endif
#if TF_GRAD_BITS == 8
typedef int8_t tf_grad;
typedef uint8_t tf_fold_scale;
#define TF_GQ 127
#elif TF_GRAD_BITS == 16
typedef int16_t tf_grad;
typedef uint16_t tf_fold_scale;
#define TF_GQ 32767
#else
#error "TF_GRAD_BITS must be 8 or 16"
#endif

/* Geometry of a convolution or pooling. Linear layers are 1x1 convolutions of a 1x1 image. */
typedef struct {
    uint16_t in_h, in_w, in_c;
    uint16_t out_h, out_w, out_c;
    uint8_t kernel_h, kernel_w;
    uint8_t stride_h, stride_w;
    uint8_t pad_top, pad_left; /* bottom and right padding follow from the output size */
    uint16_t groups;           /* in_c and out_c are multiples of it; 1 for depthwise kernels and pooling (unused) */
    uint16_t trained_in_c;     /* leading input channels (of a group) whose weights train; 0 .. in_c/groups */
    int16_t in_zero_point;
} tf_window;

/* Requantisation to int8 and the fused activation's clamp: y = clamp(RS(acc*m[c], s[c]) + zero_point). */
typedef struct {
    const int32_t *m; /* [out_c] (average pooling: [1]) */
    const int8_t *s;
    int16_t zero_point;
    int8_t lo, hi;
} tf_requant;

/*
 * Weights of a convolution with sub-channel update are kept in two blocks, so that only what trains is in RAM:
 * trained int8 [out_c][kernel_h][kernel_w][trained_in_c] and frozen int8 [out_c][kernel_h][kernel_w][rest].
 * Either pointer may be null when its block is empty. Depthwise weights are one block [kernel_h][kernel_w][c]:
 * trained is non-null when it trains, otherwise frozen.
 */
typedef struct {
    const int8_t *trained;
    const int8_t *frozen;
    const int32_t *bias; /* [out_c] */
} tf_weights;

/* Outputs, taps or rows first .. end - 1. */
typedef struct {
    int32_t first, end;
} tf_span;

/*
 * Rows of a tensor [H][W][C]: row r stands at data + (r % count) * stride. count is H where the whole tensor is kept,
 * fewer where its rows go through a ring.
 */
typedef struct {
    const int8_t *data;
    uint32_t stride;
    uint16_t count;
} tf_rows;

/* The same to be written. */
typedef struct {
    int8_t *data;
    uint32_t stride;
    uint16_t count;
} tf_rows_out;

/* ---- forward, section 4 ---- */
/*
 * rows: the output rows to compute. Every input row that their windows meet is present in x; x and y do not overlap.
 * scratch: 4-byte aligned.
 */
/*
 * scratch: 4 G (8 T + 7) bytes; with k trained and frozen elements of a filter in a group (kernel_h kernel_w times the
 * channels of the block), G = ceil(k_trained / 4) + ceil(k_frozen / 4) and T = min(ceil(pixels / 4), 4096 / (32 G)), at
 * least 1; pixels = out_w, for a 1x1 kernel of stride 1 out_w times the most output rows a call.
 */
void tf_conv_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                const tf_rows_out *y, tf_span rows, void *scratch);
/* 1x1, stride 1, one group. scratch: as tf_conv_s8. */
void tf_pointwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                     const tf_rows_out *y, tf_span rows, void *scratch);
/*
 * scratch: 16 kernel_h (kernel_w - 1) + 32 P ((n - 1) stride_h + kernel_h) bytes, with
 * P = ceil(((4 ceil(out_w / 4) - 1) stride_w + kernel_w) / 4) and n the most output rows a call, but no more than
 * (floor(4096 / (32 P)) - kernel_h) / stride_h + 1 (towards 0), at least 1. None where kernel_w is not 3, 5 or 7,
 * stride_w is above 2 or in_c below 4. It is quicker to compute several rows at once.
 */
void tf_depthwise_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const tf_rows *x,
                     const tf_rows_out *y, tf_span rows, void *scratch);
/* x: [out_h][out_w][in_c]; logits: int16 [out_h][out_w][out_c] in 1/16 nat. rq's zero_point, lo and hi are not used. */
void tf_logits_s8(const tf_window *win, const tf_requant *rq, const tf_weights *wt, const int8_t *x, int16_t *logits);
/* Divides by the whole window, padding included; rq->m[0], rq->s[0]. */
void tf_avg_pool_s8(const tf_window *win, const tf_requant *rq, const tf_rows *x, const tf_rows_out *y, tf_span rows);
/* Padding never wins. Input and output share their scale and zero point. */
void tf_max_pool_s8(const tf_window *win, const tf_rows *x, const tf_rows_out *y, tf_span rows);

typedef struct {
    int32_t m0, m1; /* Q20 */
    int16_t zero_point0, zero_point1, zero_point;
    int8_t lo, hi;
} tf_add;
/* y = a + b; m1 < 0: a - b. y may be a or b. */
void tf_add_s8(const tf_add *p, uint32_t count, const int8_t *a, const int8_t *b, int8_t *y);

typedef struct {
    int32_t m;
    int8_t s;
    int16_t zero_point0, zero_point1, zero_point;
    int8_t lo, hi;
} tf_mul;
/* y may be a or b. */
void tf_mul_s8(const tf_mul *p, uint32_t count, const int8_t *a, const int8_t *b, int8_t *y);
/* y[i] = x[i] gate[i mod gates]: one factor a channel, or one for all; count is a multiple of gates. y may be x. */
void tf_mul_channels_s8(const tf_mul *p, uint32_t gates, uint32_t count, const int8_t *x, const int8_t *gate,
                        int8_t *y);

typedef struct {
    int32_t m;
    int8_t s;
    int16_t in_zero_point, zero_point;
    int8_t lo, hi;
} tf_rescale;
/* The same real values with another scale and zero point. y may be x. */
void tf_requantize_s8(const tf_rescale *p, uint32_t count, const int8_t *x, int8_t *y);

/* One operand of a concatenation: its channels go to first .. first + channels - 1 of out_channels. */
typedef struct {
    uint16_t channels, out_channels, first;
    int32_t m; /* Q20 */
    int16_t in_zero_point, zero_point;
    int8_t lo, hi;
} tf_concat;
void tf_concat_s8(const tf_concat *p, uint32_t pixels, const int8_t *x, int8_t *y);

/* A block of a tensor: `pixels` from `first` on, and of each `channels` from `first_channel` on. */
typedef struct {
    uint32_t in_pixels, first, pixels;
    uint16_t in_channels, first_channel, channels;
} tf_crop;
void tf_crop_s8(const tf_crop *p, const int8_t *x, int8_t *y);

/* Rows of weights [tokens][channels], trained or frozen, by tokens x + 128 [steps]. */
typedef struct {
    uint16_t tokens, channels;
    uint32_t steps;
} tf_embedding;
void tf_embedding_s8(const tf_embedding *p, const tf_weights *wt, const int8_t *x, int8_t *y);

/* y = table[x + 128]; y may be x. */
void tf_table_s8(const int8_t table[256], uint32_t count, const int8_t *x, int8_t *y);

/* y = clamp(x, lo, hi); y may be x. */
void tf_clamp_s8(int8_t lo, int8_t hi, uint32_t count, const int8_t *x, int8_t *y);

/* Section 12.1: layer norm (centred 1) or RMS norm (0) over the channels of each pixel, at most 1024. */
typedef struct {
    uint64_t epsilon; /* E: 1 .. 2^60 */
    uint8_t centred;
    int32_t m; /* from Q10 to the output's scale */
    int8_t s;
    int16_t zero_point;
    int8_t lo, hi;
} tf_norm;
/* Of win only the size of the image and in_zero_point are used. */
void tf_norm_s8(const tf_window *win, const tf_norm *norm, const tf_rows *x, const tf_rows_out *y, tf_span rows);

/*
 * Section 12.3: y [batch][rows][columns], a [batch][rows][depth]; b [batch] has b_column elements from one column to
 * the next, and b_depth from one term of a sum to the next.
 */
typedef struct {
    uint16_t batch, rows, columns, depth;
    uint16_t b_column, b_depth;
    int32_t m;
    int8_t s;
    int16_t zero_point0, zero_point1, zero_point;
    int8_t lo, hi;
} tf_matmul;
void tf_matmul_s8(const tf_matmul *p, const int8_t *a, const int8_t *b, int8_t *y);

/* Section 12.2: softmax(scale q k^T) v by heads. */
typedef struct {
    uint16_t heads;
    uint8_t causal;
    int8_t logit_s, s;
    int32_t logit_m; /* to 1/256 nat */
    int32_t m;       /* from Q15 to the output's scale */
    int16_t zero_point;
    int8_t lo, hi;
} tf_attention;
/*
 * x: [T][3 C], q, k and v side by side; y: [T][C], with T = in_h in_w and C = out_c of win, heads one after the other.
 * scratch: 4 T + 2 round4(C / heads) bytes, 4-byte aligned.
 */
void tf_attention_s8(const tf_window *win, const tf_attention *p, const int8_t *x, int8_t *y, void *scratch);
/* Causal, step t < T alone: x: [3 C], y: [C]; past: int8 [T][2 C], k and v so far, which it adds to. Scratch alike. */
void tf_attention_step(const tf_window *win, const tf_attention *p, uint32_t t, const int8_t *x, int8_t *past,
                       int8_t *y, void *scratch);

/* ---- recurrent cells, section 11 ---- */
/*
 * T steps of H units. gi: [T][G H], the input's projections, G = 3 gates r, z, n of a GRU, 4 gates i, f, g, o of an
 * LSTM. wt: [G H][H], in the trained block where it trains, else in the frozen one, and the bias, [G H].
 */
typedef struct {
    uint16_t steps, units; /* T, H */
    int32_t in_m;          /* gi to Q11 */
    int8_t in_s;
    int16_t in_zero_point;
    const int32_t *m; /* [G H]: products with the state to Q11 */
    const int8_t *s;
} tf_recurrent;
/* h: [T][H], all states, Q7; it does not overlap gi. scratch: 2 H bytes, 4-byte aligned. */
void tf_gru_s8(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, int8_t *h, void *scratch);
/* The same. */
void tf_lstm_s8(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, int8_t *h, void *scratch);
/*
 * One step, gi: [G H]. before: h of the step before, null or zeros at the first one; state: [H] in Q15, and cell in
 * Q11, which the steps hand on, zeros at first. h overlaps neither.
 */
void tf_gru_step(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, const int8_t *before, int16_t *state,
                 int8_t *h);
void tf_lstm_step(const tf_recurrent *p, const tf_weights *wt, const int8_t *gi, const int8_t *before, int16_t *cell,
                  int8_t *h);

/* ---- loss, section 5.1 ---- */
typedef struct {
    uint32_t p_label; /* softmax probability of the label, Q15 */
    int8_t e_top;     /* exponent of the gradient of the logits */
    uint8_t skip;     /* 1: the gradient is zero everywhere, there is nothing to learn */
} tf_loss;
/* scratch: uint32 [classes]. */
tf_loss tf_softmax_ce(uint16_t classes, const int16_t *logits, uint16_t label, tf_grad *grad, uint32_t *scratch);

/*
 * Of a sequence: logits and grad [steps][classes], target: class - 128 [steps]; p_label is the mean over the steps.
 * grad may be logits.
 */
tf_loss tf_softmax_ce_steps(uint32_t steps, uint16_t classes, const int16_t *logits, const int8_t *target,
                            tf_grad *grad, uint32_t *scratch);

/* ---- what the forward pass leaves to the backward pass ---- */
/*
 * Section 5.3, bit i of a row: 1 where the gradient passes the activation (y > lo if mask_lo, y < hi if mask_hi). A row
 * of the mask takes (elements + 7) / 8 bytes, bit i at byte i / 8, least significant first; unused bits are 0.
 * elements: W * C. bits: row 0 of the whole mask, whichever rows are saved.
 */
void tf_save_mask(int8_t lo, int8_t hi, uint8_t mask_lo, uint8_t mask_hi, uint32_t elements, const tf_rows *y,
                  tf_span rows, uint8_t *bits);
/*
 * Packs what the weight update of win reads of its input: the trained channels of every group (depthwise: win's groups
 * are 1, its trained_in_c in_c). rows: of the input. saved: [in_h][in_w][groups * trained_in_c], whichever rows are.
 */
void tf_save_input(const tf_window *win, const tf_rows *x, tf_span rows, int8_t *saved);

/* ---- backward, sections 5.3 to 5.9 ---- */
/* How an input gradient is finished: G_x = SAT(RE(v + (G_x << bsh), bsh)); without accumulate the sum is v alone. */
typedef struct {
    int8_t bsh;         /* 0..47 */
    uint8_t accumulate; /* 1: grad_x already holds a gradient */
} tf_finish;

/* Zeroes grad where its bit of tf_save_mask is 0. grad: [rows][elements]. */
void tf_mask_grad(uint32_t rows, uint32_t elements, const uint8_t *bits, tf_grad *grad);

typedef struct {
    tf_finish finish;
    int32_t gm;              /* per layer; depthwise: unused */
    const uint16_t *gmc;     /* depthwise: [c], 1 .. 32767 */
    const tf_fold_scale *mw; /* fold, [out_c]; depthwise: unused */
    uint8_t fsh;
} tf_input_grad;

/*
 * The kernels below return how many elements of grad_x saturated at +-TF_GQ.
 * grad_y: [out_h][out_w][out_c]; grad_x: [in_h][in_w][in_c]. Scratch is 4-byte aligned; divisions round down,
 * round4(n) is the multiple of 4 from n on.
 */
/* scratch: kernel_h * kernel_w * out_c * sizeof(tf_grad) bytes. */
uint32_t tf_conv_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_weights *wt, const tf_grad *grad_y,
                            tf_grad *grad_x, void *scratch);
/*
 * Also for linear layers. scratch: k * (2 * pixels + 8) bytes with k = round4(out_c), where pixels is
 * round4(in_h * in_w) or, where that is more than max(8, most), max(8, fit, min(12, most));
 * most = 18432 / (2 * k) / 4 * 4, fit = 7680 / (2 * k) / 4 * 4.
 */
uint32_t tf_pointwise_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_weights *wt,
                                 const tf_grad *grad_y, tf_grad *grad_x, void *scratch);
/*
 * scratch: 16 * in_h + 4 * kernel_h * (kernel_w + 2)
 *          + 2 * (out_h + 1) * round4((in_w + pad_left) / stride_w + kernel_w + 8) bytes.
 */
uint32_t tf_depthwise_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_weights *wt,
                                 const tf_grad *grad_y, tf_grad *grad_x, void *scratch);
uint32_t tf_avg_pool_input_grad(const tf_window *win, const tf_input_grad *ig, const tf_grad *grad_y, tf_grad *grad_x);
/* The gradient goes to the first maximum of each window in row-major order. */
uint32_t tf_max_pool_input_grad(const tf_window *win, const tf_finish *finish, const int8_t *x, const tf_grad *grad_y,
                                tf_grad *grad_x);
/* An operand of an add, or a stand-alone activation after its mask: v = G_y. grad_x may be grad_y. */
uint32_t tf_pass_grad(const tf_finish *finish, uint32_t count, const tf_grad *grad_y, tf_grad *grad_x);

/* v = -G_y, of what a difference takes away. grad_x may be grad_y. */
uint32_t tf_negate_grad(const tf_finish *finish, uint32_t count, const tf_grad *grad_y, tf_grad *grad_x);
/* The operand's channels of grad_y. */
uint32_t tf_concat_input_grad(const tf_concat *p, const tf_finish *finish, uint32_t pixels, const tf_grad *grad_y,
                              tf_grad *grad_x);
/* v = G_y in the block, 0 elsewhere. */
uint32_t tf_crop_input_grad(const tf_crop *p, const tf_finish *finish, const tf_grad *grad_y, tf_grad *grad_x);
/* v = G_y slopes[x + 128]. grad_x may be grad_y. */
uint32_t tf_table_input_grad(const tf_finish *finish, const int16_t slopes[256], uint32_t count, const int8_t *x,
                             const tf_grad *grad_y, tf_grad *grad_x);

/* Section 5.8: how one operand of a product gets its gradient. */
typedef struct {
    tf_finish finish;
    int32_t gm;
    int16_t zero_point; /* of the other operand */
} tf_mul_grad;
/* v = G_y (other - zero_point) gm. grad_x may be grad_y. */
uint32_t tf_mul_input_grad(const tf_mul_grad *mg, uint32_t count, const int8_t *other, const tf_grad *grad_y,
                           tf_grad *grad_x);
/* The same of tf_mul_channels_s8's x. */
uint32_t tf_mul_channels_input_grad(const tf_mul_grad *mg, uint32_t gates, uint32_t count, const int8_t *gate,
                                    const tf_grad *grad_y, tf_grad *grad_x);
/* And of its gate, grad_gate: [gates]. */
uint32_t tf_mul_channels_gate_grad(const tf_mul_grad *mg, uint32_t gates, uint32_t count, const int8_t *x,
                                   const tf_grad *grad_y, tf_grad *grad_gate);

typedef struct {
    tf_finish finish;
    int32_t gm;  /* 1 .. 2^15 */
    int8_t half; /* that of E alone: -15 .. 15 */
} tf_norm_grad;
uint32_t tf_norm_input_grad(const tf_window *win, const tf_norm *norm, const tf_norm_grad *ng, const int8_t *x,
                            const tf_grad *grad_y, tf_grad *grad_x);

typedef struct {
    tf_finish finish;
    int32_t gm;          /* of q and k, 1 .. 32767 */
    int8_t value_shift;  /* 15 - gs */
    uint8_t score_shift; /* sh */
} tf_attention_grad;
/* scratch: 20 T + 4 round4(C / heads) bytes. */
uint32_t tf_attention_input_grad(const tf_window *win, const tf_attention *p, const tf_attention_grad *ag,
                                 const int8_t *x, const tf_grad *grad_y, tf_grad *grad_x, void *scratch);

/* Section 11: how gradients go back through time. */
typedef struct {
    tf_finish finish; /* of grad_x and kept; kept does not accumulate */
    uint8_t lift, fsh;
    int32_t gm; /* of the sums over folded gradients */
    int8_t gs;
    const uint16_t *mw; /* fold, [G H] */
} tf_recurrent_grad;
/*
 * grad_y: [T][H]; grad_x and kept: [T][G H], kept for the updates of weights and bias: null if they are frozen.
 * scratch: 16 H bytes, 4-byte aligned.
 */
uint32_t tf_gru_input_grad(const tf_recurrent *p, const tf_recurrent_grad *rg, const tf_weights *wt, const int8_t *gi,
                           const int8_t *h, const tf_grad *grad_y, tf_grad *grad_x, tf_grad *kept, void *scratch);
/* The same. scratch: 24 H + 2 T H bytes, 4-byte aligned. */
uint32_t tf_lstm_input_grad(const tf_recurrent *p, const tf_recurrent_grad *rg, const tf_weights *wt, const int8_t *gi,
                            const int8_t *h, const tf_grad *grad_y, tf_grad *grad_x, tf_grad *kept, void *scratch);
/*
 * One operand's gradient [batch][rows][columns]: sums of depth products of grad_y and the other operand, which advance
 * by so many elements from one row, column and term to the next, and by so many from one matrix to the next.
 */
typedef struct {
    tf_finish finish;
    int32_t gm;
    uint16_t batch, rows, columns, depth;
    uint16_t grad_step[3], other_step[3];
    uint32_t grad_size, other_size;
    int16_t zero_point; /* of the other operand */
} tf_matmul_grad;
uint32_t tf_matmul_input_grad(const tf_matmul_grad *mg, const int8_t *other, const tf_grad *grad_y, tf_grad *grad_x);

/* ---- update, section 6 ---- */
typedef struct {
    const uint16_t *km; /* [out_c] weight multiplier; null: weights frozen */
    const int8_t *ks;   /* [out_c] */
    const uint16_t *kb; /* [out_c] bias multiplier; null: bias frozen */
    const int8_t *kbs;  /* [out_c] */
} tf_rate;
/* Counter base of section 1 for node `op` at `step`: what the update kernels draw their randomness from. */
uint32_t tf_counter_base(uint32_t seed, uint32_t step, uint32_t op);
/* e: exponent of grad_y plus the learning-rate shift. base: the op's counter base of section 1. */
/* f is null where the model keeps no fractions: then w is rounded by a random byte more (section 6). */
/*
 * x: what tf_save_input packed, [in_h][in_w][groups * trained_in_c]: the tensor itself where all channels train.
 * w, f: [out_c][kernel_h][kernel_w][trained_in_c]. scratch: 40 * min(64, round4(out_h * out_w)) bytes, 4-byte aligned.
 */
void tf_conv_update(const tf_window *win, const tf_rate *rate, int32_t e, uint32_t base, const int8_t *x,
                    const tf_grad *grad_y, int8_t *w, uint8_t *f, void *scratch);
/* w, f: [kernel_h][kernel_w][c]. scratch: none is used yet, it may be null. */
void tf_depthwise_update(const tf_window *win, const tf_rate *rate, int32_t e, uint32_t base, const int8_t *x,
                         const tf_grad *grad_y, int8_t *w, uint8_t *f, void *scratch);
/* Steps the rows of the tokens that occur; w, f: [tokens][channels]; grad_y: [steps][channels]. */
void tf_embedding_update(const tf_embedding *p, const tf_rate *rate, int32_t e, uint32_t base, const int8_t *x,
                         const tf_grad *grad_y, int8_t *w, uint8_t *f);
/* Steps what is added to each element of a tensor; w, f, grad_y: [count]. */
void tf_positions_update(uint32_t count, const tf_rate *rate, int32_t e, uint32_t base, const tf_grad *grad_y,
                         int8_t *w, uint8_t *f);
/* b: [out_c]; pixels = out_h*out_w. */
void tf_bias_update(uint32_t pixels, uint16_t out_c, const tf_rate *rate, int32_t e, uint32_t base,
                    const tf_grad *grad_y, int32_t *b);

#endif
