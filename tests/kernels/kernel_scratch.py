"""Scratch bytes of the kernels, as tf_kernels.h states them."""

from kernel_library import Window

TILES_BYTES = 2048
PLANES_BYTES = 4096


def conv_scratch(win: Window, rows: int) -> int:
    """Of tf_conv_s8 and tf_pointwise_s8; rows: the most output rows a call."""
    taps = win.kernel_h * win.kernel_w
    trained, frozen = win.trained_in_c, win.in_c // win.groups - win.trained_in_c
    groups = -(-taps * trained // 4) + -(-taps * frozen // 4)
    pixels = win.out_w * rows if taps * win.stride_h * win.stride_w == 1 else win.out_w
    tiles = max(1, min(-(-pixels // 4), TILES_BYTES // (32 * groups)))
    return 4 * groups * (8 * tiles + 5)


def depthwise_scratch(win: Window, rows: int) -> int:
    """Of tf_depthwise_s8; 0 where the portable kernel serves."""
    k = win.kernel_w
    if k not in (3, 5, 7) or win.stride_w > 2 or win.in_c < 4:
        return 0
    tap_words = k - 1 if win.stride_w == 1 else (k + 1) // 2
    row_bytes = 32 * -(-((-(-win.out_w // 4) * 4 - 1) * win.stride_w + k) // 4)
    fit = max(1, (PLANES_BYTES // row_bytes - win.kernel_h) // win.stride_h + 1)
    return 16 * win.kernel_h * tap_words + ((min(fit, rows) - 1) * win.stride_h + win.kernel_h) * row_bytes


def round4(n: int) -> int:
    return -(-n // 4) * 4


def conv_grad_scratch(win: Window, grad_bytes: int) -> int:
    return win.kernel_h * win.kernel_w * win.out_c * grad_bytes


def pointwise_grad_scratch(win: Window) -> int:
    k = round4(win.out_c)
    pixels = min(round4(win.in_h * win.in_w), max(8, 18432 // (2 * k) // 4 * 4))
    return k * (2 * pixels + 4)


def depthwise_grad_scratch(win: Window) -> int:
    row = round4((win.in_w + win.pad_left) // win.stride_w + win.kernel_w + 8)
    return 4 * win.kernel_h * (win.kernel_w + 2 * win.stride_w) + 2 * win.out_h * row


def conv_update_scratch(win: Window) -> int:
    return 36 * min(64, round4(win.out_h * win.out_w))
