"""A stream's report as one HTML page with its pictures inside."""

from __future__ import annotations

from simulations import charts
from simulations.page import fill
from simulations.stream.outcome import FEDERATED, FINE_TUNED, FROZEN, STORED, SUMMARIES
from tinyfl.types import Json

TITLES = {
    FROZEN: "as shipped",
    FINE_TUNED: "alone",
    STORED: "alone + store",
    FEDERATED: "federated + store",
}
COLOURS = {FROZEN: "#b9bec6", FINE_TUNED: "#e0a458", STORED: "#7fb2c9", FEDERATED: "#1c4a7a"}
COLUMNS = {
    "on_the_way": "after its labels",
    "at_the_end": "at the end",
    "first_period": "first, at the end",
    "forgotten": "forgotten",
}


def render(data: Json) -> str:
    """HTML of a stream report's JSON object."""
    return fill(
        "stream.html.j2", r=data, over_time=over_time(data), forgetting=forgetting(data), titles=TITLES, columns=COLUMNS
    )


def over_time(data: Json) -> str:
    """Accuracy on each period right after its labels: the mean of the devices, and from the worst to the best."""
    figure = charts.new_figure(7.0, 3.4)
    axes = figure.add_subplot()
    later = data["periods"][1:]
    at = range(len(later))
    for name, arm in data["arms"].items():
        columns = [[100 * v for v in column] for column in zip(*arm["way"], strict=True)]
        axes.plot(at, [sum(c) / len(c) for c in columns], "o-", label=TITLES[name], color=COLOURS[name], markersize=4)
        axes.fill_between(at, [min(c) for c in columns], [max(c) for c in columns], color=COLOURS[name], alpha=0.15)
    axes.set_xticks(at, [f"period {n}" for n in later])
    charts.percent(axes, "right after each period's labels, mean and range of the devices")
    axes.legend(ncols=2, fontsize=8, frameon=False, loc="lower right")
    return charts.svg(figure)


def forgetting(data: Json) -> str:
    """For each arm, every period right after its labels (light) and at the end (dark)."""
    arms = {name: arm for name, arm in data["arms"].items() if name != FROZEN}
    figure = charts.new_figure(7.0, 2.8)
    later = data["periods"][1:]
    rows = figure.subplots(1, len(arms), sharey=True, squeeze=False)[0]
    for axes, (name, arm) in zip(rows, arms.items(), strict=True):
        then = [100 * sum(c) / len(c) for c in zip(*arm["way"], strict=True)]
        now = [100 * v for v in arm["accuracy"][-1][1:]]
        at = range(len(later))
        axes.bar([i - 0.2 for i in at], then, 0.4, color="#d5dae0", label="right after its labels")
        axes.bar([i + 0.2 for i in at], now, 0.4, color=COLOURS[name], label="at the end")
        axes.set_xticks(at, later)
        charts.percent(axes, TITLES[name])
        axes.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    for axes in rows[1:]:
        axes.set_ylabel("")
    return charts.svg(figure)


def table(data: Json) -> list[list[str]]:
    """Rows of an arm's title and its summaries in %, mean over the devices."""
    return [
        [TITLES[name], *(f"{100 * arm[summary]['mean']:.1f}" for summary in SUMMARIES)]
        for name, arm in data["arms"].items()
    ]
