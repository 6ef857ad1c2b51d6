"""Loads what a user names as ``module:name`` or ``file.py:name``: a network's factory, a strategy."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from tinyfl.errors import TinyflError


def load_named(spec: str, what: str, error: type[TinyflError]) -> Callable[..., Any]:
    """The callable that ``spec`` names; raises ``error`` with a sentence that starts with ``what``."""
    module_name, _, name = spec.rpartition(":")
    if not module_name:
        raise error(f"{what} '{spec}': name it as module:name or file.py:name")
    try:
        module = _from_file(Path(module_name)) if module_name.endswith(".py") else importlib.import_module(module_name)
    except Exception as cause:  # whatever the user's file raises
        raise error(f"{what} '{spec}': {module_name} cannot be imported ({cause})") from cause
    found = getattr(module, name, None)
    if not callable(found):
        raise error(f"{what} '{spec}': {module_name} has nothing called {name} that can be called")
    return cast(Callable[..., Any], found)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
