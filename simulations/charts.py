"""The report's pictures as SVG text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tinyfl.types import Json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARM_TITLES = {
    "pretrained": "as shipped",
    "scratch": "from scratch",
    "local": "learning alone",
    "federated": "federated",
    "personalised": "federated + personal",
}
ARM_COLOURS = {
    "pretrained": "#b9bec6",
    "scratch": "#e0a458",
    "local": "#7fb2c9",
    "federated": "#4a7fb0",
    "personalised": "#1c4a7a",
}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def svg(figure: Figure) -> str:
    """A figure as the text of one SVG element."""
    import matplotlib as mpl

    buffer = io.StringIO()
    # a fixed salt and no date: the same report gives the same bytes
    with mpl.rc_context({"svg.hashsalt": "tinyfl", "font.size": 10}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def wearers(accuracy: Json, title: str) -> str:
    """Grouped bars: accuracy of every arm on every wearer."""
    arms = list(accuracy)
    names = list(accuracy[arms[0]]["per_device"])
    figure = new_figure(max(7.0, 1.5 * len(names) + 2), 3.6)
    axes = figure.add_subplot()
    width = 0.8 / len(arms)
    for i, arm in enumerate(arms):
        at = [k + (i - (len(arms) - 1) / 2) * width for k in range(len(names))]
        values = [100 * accuracy[arm]["per_device"][n] for n in names]
        axes.bar(at, values, width, label=ARM_TITLES[arm], color=ARM_COLOURS[arm])
    axes.set_xticks(range(len(names)), [n.replace("$", r"\$") for n in names])  # a bare one would start a formula
    percent(axes, title)
    axes.legend(ncols=len(arms), fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return svg(figure)


def spread(accuracy: Json, title: str) -> str:
    """Many devices: each arm's distribution over the devices as a box."""
    arms = list(accuracy)
    figure = new_figure(7.0, 3.6)
    axes = figure.add_subplot()
    boxes = axes.boxplot(
        [[100 * v for v in accuracy[a]["per_device"].values()] for a in arms],
        tick_labels=[ARM_TITLES[a] for a in arms],
        patch_artist=True,
        medianprops={"color": "black"},
    )
    for box, arm in zip(boxes["boxes"], arms, strict=True):
        box.set_facecolor(ARM_COLOURS[arm])
    percent(axes, title)
    return svg(figure)


def phases(rows: list[Json]) -> str:
    """Mean accuracy of every arm at the end of each phase."""
    figure = new_figure(7.0, 3.2)
    axes = figure.add_subplot()
    arms = list(rows[0]["accuracy"])
    width = 0.8 / len(arms)
    for i, arm in enumerate(arms):
        at = [k + (i - (len(arms) - 1) / 2) * width for k in range(len(rows))]
        values = [100 * row["accuracy"][arm]["mean"] for row in rows]
        bars = axes.bar(at, values, width, label=ARM_TITLES[arm], color=ARM_COLOURS[arm])
        axes.bar_label(bars, fmt="%.0f", fontsize=8)
    axes.set_xticks(range(len(rows)), [f"{row['labels_per_class']} labelled a class" for row in rows])
    percent(axes, "mean over the wearers")
    axes.legend(ncols=len(arms), fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return svg(figure)


def forgetting(data: Json) -> str:
    """The side the network was shipped for, before and after learning the other one."""
    figure = new_figure(5.0, 2.4)
    axes = figure.add_subplot()
    names = ("as shipped", "after learning,\nwith the store", "after learning,\nwithout it")
    values = [100 * data[k] for k in ("before", "with_store", "without_store")]
    bars = axes.barh(names, values, color=["#b9bec6", "#1c4a7a", "#e0a458"])
    axes.bar_label(bars, fmt="%.0f %%", padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 105)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)


def percent(axes: Axes, title: str) -> None:
    """Make the vertical axis one of accuracies in %."""
    axes.set_ylim(0, 105)
    axes.set_ylabel("accuracy, %")
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
