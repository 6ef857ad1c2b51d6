"""docs/NUMERICS.md read aloud: scatter form, per element, integers that cannot overflow.

Arrays are NumPy int64 [H][W][C]; sums over channels are int64 dot products far below its range, every rounding is
done on Python integers. Weights of a convolution are [out_c][kernel_h][kernel_w][in_c / groups].
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from kernel_library import Window

M32 = 0xFFFFFFFF


def rs(v: int, s: int) -> int:
    """RS: v / 2^s, half up."""
    return (int(v) + 2 ** (s - 1)) // 2**s if s > 0 else int(v) * 2**-s


def re(v: int, s: int) -> int:
    """RE: v / 2^s, half to even."""
    low, rest = divmod(int(v), 2**s)
    return low + (2 * rest > 2**s or (2 * rest == 2**s and low % 2 == 1))


def sat(v: int, lo: int, hi: int) -> int:
    """SAT."""
    return max(lo, min(hi, v))


def mix(x: int) -> int:
    """MIX."""
    x ^= x >> 16
    x = x * 0x7FEB352D & M32
    x ^= x >> 15
    x = x * 0x846CA68B & M32
    return x ^ x >> 16


def sr(v: int, s: int, base: int, i: int) -> int:
    """SR: v / 2^s rounded at random."""
    v = int(v)
    if s <= 0:
        return rs(v, s)
    t = min(s, 62)
    if t > 8:
        v, t = rs(v, t - 8), 8
    r = mix((base + (i >> 2) * 0x9E3779B9) & M32).to_bytes(4, "little")[i & 3]
    return (v + (r >> (8 - t))) >> t


def meetings(win: Window) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Every output, tap and input that meet inside the image: (oy, ox, ky, kx, iy, ix), taps in row-major order."""
    for oy, ox in np.ndindex(win.out_h, win.out_w):
        for ky, kx in np.ndindex(win.kernel_h, win.kernel_w):
            iy = oy * win.stride_h - win.pad_top + ky
            ix = ox * win.stride_w - win.pad_left + kx
            if 0 <= iy < win.in_h and 0 <= ix < win.in_w:
                yield oy, ox, ky, kx, iy, ix


def grouped(win: Window) -> Iterator[tuple[slice, slice]]:
    """Output and input channels of each group."""
    outs, ins = win.out_c // win.groups, win.in_c // win.groups
    for g in range(win.groups):
        yield slice(g * outs, (g + 1) * outs), slice(g * ins, (g + 1) * ins)


def conv_sums(win: Window, w: np.ndarray, bias: np.ndarray, x: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.out_h, win.out_w, win.out_c), np.int64) + bias
    for oy, ox, ky, kx, iy, ix in meetings(win):
        for outs, ins in grouped(win):
            acc[oy, ox, outs] += w[outs, ky, kx] @ (x[iy, ix, ins] - win.in_zero_point)
    return acc


def depthwise_sums(win: Window, w: np.ndarray, bias: np.ndarray, x: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.out_h, win.out_w, win.out_c), np.int64) + bias
    for oy, ox, ky, kx, iy, ix in meetings(win):
        acc[oy, ox] += w[ky, kx] * (x[iy, ix] - win.in_zero_point)
    return acc


def pool_sums(win: Window, x: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.out_h, win.out_w, win.out_c), np.int64)
    for oy, ox, _, _, iy, ix in meetings(win):
        acc[oy, ox] += x[iy, ix] - win.in_zero_point
    return acc


def requantised(acc: np.ndarray, m: np.ndarray, s: np.ndarray, zero_point: int, lo: int, hi: int) -> np.ndarray:
    """m, s: one for all channels or one each."""
    y = np.empty_like(acc)
    for index, value in np.ndenumerate(acc):
        c = index[-1] % len(m)
        y[index] = sat(rs(int(value) * int(m[c]), int(s[c])) + zero_point, lo, hi)
    return y


def first_maxima(win: Window, x: np.ndarray) -> dict[tuple[int, int, int], tuple[int, int]]:
    """Where each output of a max-pool found its value: (oy, ox, c) -> (iy, ix)."""
    found: dict[tuple[int, int, int], tuple[int, int]] = {}
    for oy, ox, _, _, iy, ix in meetings(win):
        for c in range(win.in_c):
            best = found.get((oy, ox, c))
            if best is None or x[iy, ix, c] > x[(*best, c)]:
                found[oy, ox, c] = (iy, ix)
    return found


def folded(g: np.ndarray, mw: np.ndarray, fsh: int) -> np.ndarray:
    u = np.empty_like(g)
    for index, value in np.ndenumerate(g):
        u[index] = rs(int(value) * int(mw[index[-1]]), fsh)
    return u


def conv_input_sums(win: Window, w: np.ndarray, u: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.in_h, win.in_w, win.in_c), np.int64)
    for oy, ox, ky, kx, iy, ix in meetings(win):
        for outs, ins in grouped(win):
            acc[iy, ix, ins] += u[oy, ox, outs] @ w[outs, ky, kx]
    return acc


def depthwise_input_sums(win: Window, w: np.ndarray, g: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.in_h, win.in_w, win.in_c), np.int64)
    for oy, ox, ky, kx, iy, ix in meetings(win):
        acc[iy, ix] += w[ky, kx] * g[oy, ox]
    return acc


def avg_pool_input_sums(win: Window, g: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.in_h, win.in_w, win.in_c), np.int64)
    for oy, ox, _, _, iy, ix in meetings(win):
        acc[iy, ix] += g[oy, ox]
    return acc


def max_pool_input_sums(win: Window, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.in_h, win.in_w, win.in_c), np.int64)
    for (oy, ox, c), (iy, ix) in first_maxima(win, x).items():
        acc[iy, ix, c] += g[oy, ox, c]
    return acc


def finished(
    acc: np.ndarray, multipliers: np.ndarray, bsh: int, before: np.ndarray | None, gq: int
) -> tuple[np.ndarray, int]:
    """Section 5.4: the gradient and how many of its elements were clamped. multipliers: one, or one a channel."""
    grad, clamped = np.empty_like(acc), 0
    for index, value in np.ndenumerate(acc):
        v = int(value) * int(multipliers[index[-1] % len(multipliers)])
        if before is not None:
            v += int(before[index]) * 2**bsh
        grad[index] = sat(re(v, bsh), -gq, gq)
        clamped += re(v, bsh) != grad[index]
    return grad, clamped


def conv_weight_sums(win: Window, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.out_c, win.kernel_h, win.kernel_w, win.in_c // win.groups), np.int64)
    for oy, ox, ky, kx, iy, ix in meetings(win):
        for outs, ins in grouped(win):
            acc[outs, ky, kx] += np.outer(g[oy, ox, outs], x[iy, ix, ins] - win.in_zero_point)
    return acc


def depthwise_weight_sums(win: Window, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    acc = np.zeros((win.kernel_h, win.kernel_w, win.in_c), np.int64)
    for oy, ox, ky, kx, iy, ix in meetings(win):
        acc[ky, kx] += g[oy, ox] * (x[iy, ix] - win.in_zero_point)
    return acc


def trained_input(win: Window, x: np.ndarray) -> np.ndarray:
    """The channels of x whose weights train: [in_h][in_w][groups * trained_in_c]."""
    grouped_x = x.reshape(win.in_h, win.in_w, win.groups, -1)
    return np.ascontiguousarray(grouped_x[..., : win.trained_in_c]).reshape(win.in_h, win.in_w, -1)


def stepped_master(master: int, a: int, k: int, s: int, base: int, i: int) -> int:
    """W after its step; W = 256 w + f - 128."""
    return sat(int(master) - sr(int(a) * int(k), int(s), base, i), -32512, 32512)


def stepped_bias(b: int, a: int, k: int, s: int, base: int, channel: int) -> int:
    return sat(int(b) - sr(int(a) * int(k), int(s), base, 1000000 + channel), -(2**30), 2**30)


def softmax_ce(logits: list[int], label: int, bits: int) -> tuple[int, int, list[int]] | int:
    """Section 5.1: (p(label), e_top, gradient), or p(label) alone where there is nothing to learn."""
    gq, b = {8: (127, 7), 16: (32767, 15)}[bits]
    top = max(logits)
    terms = [math.floor(65536 * math.exp((z - top) / 16) + 0.5) if top - z <= 176 else 0 for z in logits]
    total = sum(terms)
    p = [((t << 15) + total // 2) // total for t in terms]
    g = [value - 32768 * (c == label) for c, value in enumerate(p)]
    m = max(map(abs, g))
    if m == 0:
        return p[label]
    k = m.bit_length() - b
    e_top = 15 - k - (rs(m, k) > gq)
    return p[label], e_top, [sat(rs(value, 15 - e_top), -gq, gq) for value in g]
