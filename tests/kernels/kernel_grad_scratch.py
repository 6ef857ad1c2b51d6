"""Scratch bytes of the backward kernels, as tf_kernels.h states them."""

from kernel_library import Window


def round4(n: int) -> int:
    return -(-n // 4) * 4


def conv_grad_scratch(win: Window, grad_bytes: int) -> int:
    return win.kernel_h * win.kernel_w * win.out_c * grad_bytes


def pointwise_grad_scratch(win: Window) -> int:
    k = round4(win.out_c)
    pixels, most = round4(win.in_h * win.in_w), 18432 // (2 * k) // 4 * 4
    if pixels > max(8, most):
        pixels = max(8, 7680 // (2 * k) // 4 * 4, min(12, most))
    return k * (2 * pixels + 8)


def depthwise_grad_scratch(win: Window) -> int:
    row = round4((win.in_w + win.pad_left) // win.stride_w + win.kernel_w + 8)
    return 16 * win.in_h + 4 * win.kernel_h * (win.kernel_w + 2) + 2 * (win.out_h + 1) * row


def conv_update_scratch(win: Window) -> int:
    return 40 * min(64, round4(win.out_h * win.out_w))
