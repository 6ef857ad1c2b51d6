"""The report as one HTML page with its pictures inside."""

from __future__ import annotations

from pathlib import Path

from simulations import charts
from tinyfl.types import Json

TEMPLATES = Path(__file__).parent
_MANY = 12  # devices from which single bars no longer read


def render(data: Json) -> str:
    """HTML of a report's JSON object."""
    picture = charts.wearers if data["devices"] <= _MANY else charts.spread
    pictures = [
        picture(p["accuracy"], f"{p['labels_per_class']} labelled window{'s' * (p['labels_per_class'] > 1)} a class")
        for p in data["phases"]
    ]
    return fill(
        "report.html.j2",
        r=data,
        pictures=pictures,
        phases=charts.phases(data["phases"]),
        forgetting=charts.forgetting(data["forgetting"]) if data["forgetting"] else "",
        titles=charts.ARM_TITLES,
    )


def fill(template: str, **values: object) -> str:
    """One of the templates of this folder, filled."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = lambda v: f"{100 * v:.1f} %"
    environment.filters["bytes"] = lambda v: f"{v:,.0f} B"
    environment.filters["number"] = lambda v: f"{v:,.0f}"
    return environment.get_template(template).render(**values)
