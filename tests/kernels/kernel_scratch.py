"""Scratch bytes of the forward kernels, as tf_kernels.h states them."""

from kernel_library import Window

TILES_BYTES = 4096
PLANES_BYTES = 4096


def conv_scratch(win: Window, rows: int) -> int:
    """Of tf_conv_s8 and tf_pointwise_s8; rows: the most output rows a call."""
    taps = win.kernel_h * win.kernel_w
    trained, frozen = win.trained_in_c, win.in_c // win.groups - win.trained_in_c
    groups = -(-taps * trained // 4) + -(-taps * frozen // 4)
    pixels = win.out_w * rows if taps * win.stride_h * win.stride_w == 1 else win.out_w
    tiles = max(1, min(-(-pixels // 4), TILES_BYTES // (32 * groups)))
    return 4 * groups * (8 * tiles + 7)


def depthwise_scratch(win: Window, rows: int) -> int:
    """Of tf_depthwise_s8; 0 where the portable kernel serves."""
    k = win.kernel_w
    if k not in (3, 5, 7) or win.stride_w > 2 or win.in_c < 4:
        return 0
    row_bytes = 32 * -(-((-(-win.out_w // 4) * 4 - 1) * win.stride_w + k) // 4)
    fit = max(1, (PLANES_BYTES // row_bytes - win.kernel_h) // win.stride_h + 1)
    return 16 * win.kernel_h * (k - 1) + ((min(fit, rows) - 1) * win.stride_h + win.kernel_h) * row_bytes
