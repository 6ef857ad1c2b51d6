"""Built-in networks of the scenarios; a scenario may name any other as ``module:factory``.

A factory takes ``channels``, ``length`` (samples of a window) and ``classes`` and returns a torch module that maps
[N, channels, length] to class scores [N, classes].
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tinyfl.errors import ScenarioError

if TYPE_CHECKING:
    import torch

Factory = Callable[[int, int, int], "torch.nn.Module"]


def load_factory(spec: str) -> Factory:
    """The factory that ``package.module:name`` or ``file.py:name`` names; raises ScenarioError."""
    module_name, _, name = spec.rpartition(":")
    if not module_name:
        raise ScenarioError(f"network '{spec}': name it as module:factory or file.py:factory")
    try:
        module = _from_file(Path(module_name)) if module_name.endswith(".py") else importlib.import_module(module_name)
    except Exception as error:  # whatever the user's file raises
        raise ScenarioError(f"network '{spec}': {module_name} cannot be imported ({error})") from error
    factory = getattr(module, name, None)
    if not callable(factory):
        raise ScenarioError(f"network '{spec}': {module_name} has no factory called {name}")
    return cast("Factory", factory)


def _from_file(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
