"""The app folder that ``flwr run`` wants: a few lines that point at the coordinator and the gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

_APP = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tinyfl-run"
version = "0.1.0"
description = "a tinyfl run"
license = "Apache-2.0"
requires-python = ">=3.11"
dependencies = []

[tool.hatch.build.targets.wheel]
packages = ["."]

[tool.flwr.app]
publisher = "tinyfl"

[tool.flwr.app.components]
serverapp = "tinyfl_run.apps:server"
clientapp = "tinyfl_run.apps:client"

[tool.flwr.app.config]
"""
# Flower reads the file without running it and wants to see the names assigned.
_APPS = """\
from coordinator import server_app
from tinyfl.gateway import client_app

server = server_app.app
client = client_app.app
"""


def write_app(app: Path, config: Mapping[str, str | float]) -> None:
    """Write the app; ``config`` is what its ServerApp finds in ``context.run_config``."""
    package = app / "tinyfl_run"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "apps.py").write_text(_APPS)
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in config.items()]
    (app / "pyproject.toml").write_text(_APP + "".join(lines), encoding="utf-8")
