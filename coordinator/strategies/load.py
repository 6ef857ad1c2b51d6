"""Strategies by name, or from a file of the user's own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from coordinator.strategies.average import Average
from coordinator.strategies.base import Strategy
from coordinator.strategies.norm_clip import NormClip
from coordinator.strategies.trimmed_mean import TrimmedMean
from tinyfl.errors import ScenarioError

STRATEGIES: dict[str, type[Strategy]] = {s.name: s for s in (Average, NormClip, TrimmedMean)}


def load_strategy(spec: str) -> Strategy:
    """A new strategy: ``average``, ``norm-clip``, ``trimmed-mean`` or ``file.py:ClassName``; raises ScenarioError."""
    if spec in STRATEGIES:
        return STRATEGIES[spec]()
    path, colon, name = spec.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise ScenarioError(
            f"there is no strategy {spec!r}; built in are {', '.join(STRATEGIES)}, your own is file.py:ClassName"
        )
    kind = getattr(_module(Path(path)), name, None)
    if kind is None:
        raise ScenarioError(f"strategy file {path} has no class {name}; name one that it defines")
    if not isinstance(kind, type) or not issubclass(kind, Strategy):
        raise ScenarioError(f"{name} in {path} is no strategy; derive it from coordinator.strategies.base.Strategy")
    try:
        strategy = kind()
    except Exception as error:
        raise ScenarioError(
            f"strategy {spec} cannot be made ({type(error).__name__}: {error}); it must take no arguments and define "
            "aggregate()"
        ) from error
    if not hasattr(strategy, "memory"):
        raise ScenarioError(f"strategy {spec} has an __init__ of its own; call super().__init__() in it")
    return strategy


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise ScenarioError(f"there is no strategy file {path}; give the path of a Python file")
    name = f"tinyfl_strategy_{path.stem}"
    module_spec = importlib.util.spec_from_file_location(name, path)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:
        raise ScenarioError(
            f"strategy file {path} cannot be imported ({type(error).__name__}: {error}); run it with python to see why"
        ) from error
    return module
