"""Packages that are installed only by who needs them."""

from __future__ import annotations

from importlib import import_module

from tinyfl.errors import ToolError


def need(purpose: str, extra: str, *modules: str) -> None:
    """Raise ToolError, with the command that installs it, if one of the modules of an extra cannot be imported."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise ToolError(f"{purpose} needs {module}; pip install 'tinyfl[{extra}]'") from error
