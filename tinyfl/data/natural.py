"""Sort names the way people number them: ``2`` before ``10``."""

import re


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key in which a run of digits counts as a number."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    # The text breaks ties such as 01 and 1, so that different names never compare equal.
    return [(0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts]
