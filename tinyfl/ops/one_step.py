"""How a node of a sequence computes one step at a time: what it is then, and what it remembers of the steps before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tinyfl.types import Int8Node, Shape, Window


class NotCausal(Exception):
    """A step of the output needs more than the steps up to it; the message says what."""


@dataclass(frozen=True)
class Past:
    """The last ``steps`` steps of an input, of which ``taps`` are read, ``apart`` steps from each other.

    The first of them is the oldest; whether the step itself is among them follows.
    """

    steps: int
    taps: int
    apart: int


@dataclass(frozen=True)
class OneStep:
    """A node of one step: ``node`` has the window and the coefficients of it, and the index of the whole.

    With ``past`` it reads an image of the taps instead of its input. ``state_bytes`` of its own, which its kernel
    changes, are zero before the first step. ``scratch_bytes`` its kernel needs; None: what that of the whole needs for
    a row of ``node``. ``most`` steps can be computed; 0: any number.
    """

    node: Int8Node
    past: Past | None = None
    state_bytes: int = 0
    scratch_bytes: int | None = None
    most: int = 0


def pixels(shape: Shape) -> int:
    """Pixels of an image, steps of a sequence."""
    return shape[0] * shape[1]


def same_step(n: Int8Node, shapes: Mapping[str, Shape]) -> OneStep:
    """Of a node that makes every pixel from the same pixel of its operands; raises NotCausal."""
    steps = pixels(shapes[n.output])
    seen = [shapes[t] for t in n.inputs]
    if n.window is not None:
        window = n.window
        if window.in_h * window.in_w != steps or math.prod(seen[0]) != steps * window.in_c:
            raise NotCausal("it reads several steps as one")
        return OneStep(replace(n, window=replace(window, in_h=1, in_w=1, out_h=1, out_w=1)))
    if any(pixels(s) != steps for s in seen):
        raise NotCausal("its operands have other steps than its result")
    return OneStep(n)


def causal_window(window: Window, seen: Shape) -> Past:
    """What a convolution over steps remembers, whose input has the shape ``seen``; raises NotCausal."""
    if window.in_h * window.in_w != pixels(seen) or window.in_c != seen[2]:
        raise NotCausal("it reads several steps as one")
    if window.stride_h * window.stride_w != 1:
        raise NotCausal("it has a stride")
    tall = window.kernel_h > 1 or window.pad_top > 0  # a dilated one: samples apart stand in a column
    wide = window.kernel_w > 1 or window.pad_left > 0
    rows_differ = window.in_w != window.out_w if tall else window.in_h * window.out_h != 1
    if rows_differ or (tall and wide):
        raise NotCausal("its window is that of an image")
    taps, apart, padding = (
        (window.kernel_h, window.in_w, window.pad_top) if tall else (window.kernel_w, 1, window.pad_left)
    )
    if padding < taps - 1:
        raise NotCausal(f"its window reads {apart * (taps - 1 - padding)} steps that come later; pad its beginning")
    if window.pixels > pixels(seen):
        raise NotCausal("it has zeros behind the last step")
    return Past(padding * apart, taps, apart)
