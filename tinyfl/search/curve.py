"""Pictures of a search as SVG text: what layers bring, and what a larger budget is predicted to buy."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tinyfl.search.auto import Found
from tinyfl.search.space import layers_from_end

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RATIO_COLOURS = {0.125: "#b9d3e6", 0.25: "#7fb2c9", 0.5: "#4a7fb0", 1.0: "#1c4a7a"}


def picture(found: Found) -> str:
    """Both pictures below one another; the same search gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 7.0), layout="constrained")
    contributions, front = figure.subplots(2, 1)
    _contributions(contributions, found)
    _front(front, found)
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "tinyfl", "font.size": 10}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _contributions(axes: Axes, found: Found) -> None:
    gains = found.gains
    names = [n.name.replace("$", r"\$") for n in layers_from_end(found.graph)[: gains.depth]]
    axes.plot(
        range(gains.depth), [100 * b for b in gains.bias[1:]], color="#e0a458", marker="o", label="biases up to here"
    )
    for ratio, colour in _RATIO_COLOURS.items():
        at = [i for i, w in enumerate(gains.weights) if ratio in w]
        heights = [100 * gains.weights[i][ratio] for i in at]
        axes.scatter(at, heights, color=colour, marker="s", label=f"+ {ratio:g} of its weights", zorder=3)
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.set_xticks(range(gains.depth), names, rotation=90, fontsize=6)
    axes.set_ylabel("gain, points")
    axes.set_title("what training a layer brings, from the last one towards the input", fontsize=10)
    axes.legend(fontsize=8, frameon=False, ncols=3)


def _front(axes: Axes, found: Found) -> None:
    kib = [point.need.sram / 1024 for point in found.front]
    gains = [100 * point.gain for point in found.front]
    axes.step(kib, gains, where="post", color="#4a7fb0")
    axes.scatter(kib, gains, color="#4a7fb0", s=14)
    axes.scatter(kib[-1:], gains[-1:], color="#1c4a7a", marker="*", s=140, zorder=3, label="chosen")
    if found.budget.sram is not None:
        axes.axvline(found.budget.sram / 1024, color="#e0a458", linestyle="--", label="budget")
    axes.set_xlabel("SRAM of the device, KiB")
    axes.set_ylabel("predicted gain, points")
    axes.set_title("what a larger budget is predicted to buy, over training the classifier alone", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
