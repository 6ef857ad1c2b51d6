"""Where `tinyfl compile` takes a network and its calibration samples from, and whether their classes agree."""

from __future__ import annotations

import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyfl.errors import ModelError
from tinyfl.loading import load_named
from tinyfl.types import FloatArray, Graph, IntArray, Layout

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Calibration:
    """Samples [N, H, W, C] in the network's units and their labels [N]."""

    x: FloatArray
    y: IntArray
    tokens: bool = False
    """whether the samples are tokens [N, 1, T, 1]"""

    def torch_shapes(self) -> dict[Layout, tuple[int, ...]]:
        """Shapes of one sample as torch may take it, by layout: [1, T]; [1, C, L] or [1, L, C]; [1, C, H, W]."""
        _, h, w, c = self.x.shape
        if self.tokens:
            return {"channels_first": (1, w)}
        if h > 1:
            return {"channels_first": (1, c, h, w)}
        return {"channels_first": (1, c, w), "channels_last": (1, w, c)}


def load_calibration(path: Path) -> Calibration:
    """Read ``x`` and ``y`` from an NPZ file; raises ModelError.

    ``x``: [N, T, C], [N, H, W, C], or tokens [N, T] of an integer type; ``y``: [N], or [N, T] for labels of each step.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream):
            archive = np.load(path, allow_pickle=False)
        with archive:
            arrays = {name: archive[name] for name in ("x", "y") if name in archive}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"calibration file {path} cannot be read ({error}); give an NPZ file with x and y") from error
    for name in ("x", "y"):
        if name not in arrays:
            raise ModelError(f"calibration file {path} has no array {name}; give x (samples) and y (labels)")
    x, y = arrays["x"], arrays["y"]
    if x.dtype.kind not in "fiu":
        raise ModelError(f"calibration file {path} has x of {x.dtype}; give real numbers")
    tokens = x.ndim == 2 and x.dtype.kind in "iu"
    by_step = y.shape == x.shape[:2] and (tokens or x.ndim == 3)
    fits = (tokens or x.ndim in (3, 4)) and (y.shape == x.shape[:1] or by_step)
    if not fits or not np.issubdtype(y.dtype, np.integer):
        raise ModelError(
            f"calibration file {path} has x {list(x.shape)} and y {list(y.shape)} of {y.dtype}; "
            "give x as [N, T, C] or [N, H, W, C], or as tokens [N, T], and y as [N] integers, or [N, T] for each step"
        )
    if not x.size:
        raise ModelError(f"calibration file {path} has x {list(x.shape)}: no samples; give [N, ...] with N > 0")
    bad = np.flatnonzero(~np.isfinite(x).reshape(len(x), -1).all(axis=1))
    if len(bad):
        raise ModelError(f"calibration file {path}: x of sample {bad[0]} is not finite; correct or remove it")
    images = x[:, None, :, None] if tokens else x[:, None] if x.ndim == 3 else x
    return Calibration(images.astype(np.float64), y.astype(np.int64), tokens)


def load_graph(model: str, calibration: Calibration) -> Graph:
    """Import ``module:factory``, ``file.py:factory`` (returns a trained torch module), a ``.pt2`` or a ``.tflite``."""
    if model.endswith(".tflite"):
        try:
            from tinyfl.compiler.frontends.tflite import import_tflite
        except ImportError as error:
            raise ModelError("importing a .tflite needs its schema; pip install 'tinyfl[compiler]'") from error
        return import_tflite(Path(model))
    try:
        import torch
    except ImportError as error:
        raise ModelError("importing a network needs PyTorch; pip install 'tinyfl[compiler]'") from error
    from tinyfl.compiler.frontends.torch import import_exported

    if model.endswith(".pt2"):
        logging.getLogger("torch.export").setLevel(logging.CRITICAL)  # it prints tracebacks of what it then raises
        try:
            exported = torch.export.load(model)
        except Exception as error:  # torch raises many kinds for a missing, truncated or foreign file
            raise ModelError(f"{model} cannot be read as a torch.export file ({error})") from error
        return import_exported(exported, _layout_of(exported, calibration))
    factory = load_named(model, "network", ModelError)
    try:
        module = factory()
    except Exception as error:  # whatever the user's code raises
        raise ModelError(
            f"network '{model}' cannot be made ({type(error).__name__}: {error}); it is called without arguments"
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"network '{model}' returned {type(module).__name__}; return a torch.nn.Module")
    return _import_either(module, calibration)


def _import_either(module: torch.nn.Module, calibration: Calibration) -> Graph:
    """The module's graph with its channels before the steps or, where that does not go, behind them."""
    import torch

    from tinyfl.compiler.frontends.torch import import_torch

    dtype = torch.int64 if calibration.tokens else None
    refused: ModelError | None = None
    for layout, shape in calibration.torch_shapes().items():
        try:
            return import_torch(module, torch.zeros(shape, dtype=dtype), layout)
        except ModelError as error:
            # the layout in which the module could be traced has more to say
            refused = error if refused is None or "cannot trace" in str(refused) else refused
    assert refused is not None
    raise refused


def _layout_of(exported: Any, calibration: Calibration) -> Layout:
    """How an exported program takes a sample."""
    inputs = [fx.meta["val"].shape for fx in exported.graph.nodes if fx.op == "placeholder"]
    for layout, shape in calibration.torch_shapes().items():
        if any(tuple(s) == shape for s in inputs):
            return layout
    return "channels_first"


def check_classes(graph: Graph, labels: IntArray, chosen: bool) -> None:
    """Raise ModelError unless the labels name the network's classes; all of them if their number was not ``chosen``."""
    lowest, highest = int(labels.min(initial=0)), int(labels.max(initial=0))
    chosen = chosen or graph.target > 0  # no language uses every byte
    if lowest < 0 or highest >= graph.classes or (highest + 1 < graph.classes and not chosen):
        remedy = f"--classes {highest + 1} makes a fresh classifier" if lowest >= 0 else "check the data set"
        raise ModelError(
            f"calibration needs one label in 0..{graph.classes - 1} a sample, each class once or more, and has "
            f"{lowest}..{highest}; {remedy}"
        )
