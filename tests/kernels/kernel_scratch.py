"""Scratch bytes of the forward kernels, as tf_kernels.h states them."""

from kernel_library import Window

TILES_BYTES = 2048


def conv_scratch(win: Window, rows: int) -> int:
    """Of tf_conv_s8 and tf_pointwise_s8; rows: the most output rows a call."""
    taps = win.kernel_h * win.kernel_w
    trained, frozen = win.trained_in_c, win.in_c // win.groups - win.trained_in_c
    groups = -(-taps * trained // 4) + -(-taps * frozen // 4)
    pixels = win.out_w * rows if taps * win.stride_h * win.stride_w == 1 else win.out_w
    tiles = max(1, min(-(-pixels // 4), TILES_BYTES // (32 * groups)))
    return 4 * groups * (8 * tiles + 5)
