"""A scenario's network: the user's factory, tried once before anything is trained with it."""

from __future__ import annotations

from simulations.pretrain import Factory
from tinyfl.errors import ScenarioError
from tinyfl.loading import load_named


def load_network(spec: str, channels: int, length: int, classes: int) -> Factory:
    """The factory that ``spec`` names; raises ScenarioError unless what it makes fits the recordings."""
    import torch

    factory: Factory = load_named(spec, "network", ScenarioError)
    try:
        module = factory(channels, length, classes)
    except Exception as error:  # whatever the user's code raises
        raise ScenarioError(
            f"network '{spec}' cannot be made ({type(error).__name__}: {error}); "
            "it is called with channels, window length and classes"
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise ScenarioError(f"network '{spec}' returned {type(module).__name__}; return a torch.nn.Module")
    try:
        with torch.no_grad():
            scores = module.eval()(torch.zeros(2, channels, length))
    except Exception as error:
        raise ScenarioError(
            f"network '{spec}' does not take windows [2, {channels}, {length}] ({type(error).__name__}: {error}); "
            "build it for the channels and length it is called with"
        ) from error
    shape = list(getattr(scores, "shape", ()))
    if shape != [2, classes]:
        raise ScenarioError(f"network '{spec}' gives {shape} for two windows; return scores [2, {classes}]")
    return factory
