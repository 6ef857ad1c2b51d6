"""Imported `.tflite` networks against LiteRT's reference kernels, operator by operator on the same inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from device_library import Device
from tflite_cases import CASES, SHAPE, network
from tflite_models import TfliteModel

from benchmarks.litert_difference import Reference, imported
from tinyfl.compiler.classifier import FRESH_HEADROOM, with_classes
from tinyfl.compiler.command import CompileOptions, compile_model
from tinyfl.compiler.frontends.tflite import import_tflite
from tinyfl.compiler.frontends.tflite_layers import folded_activation
from tinyfl.compiler.frontends.tflite_reader import read_tflite
from tinyfl.compiler.gradients import parameters_of
from tinyfl.compiler.interpret import Interpreter
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.quantize import quantize
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.errors import ModelError
from tinyfl.ops import OPS
from tinyfl.progress import Progress
from tinyfl.types import IntArray, QuantParams, UpdateScheme

FROZEN = UpdateScheme(())


def random_image(seed: int) -> IntArray:
    return np.random.default_rng(seed).integers(-128, 128, (1, *SHAPE))


@pytest.mark.parametrize("case", CASES)
def test_each_operator_is_within_one_step_of_litert(case: str, tmp_path: Path) -> None:
    reference = Reference(network(CASES[case], tmp_path))
    differing = total = 0
    for seed in range(8):
        values = reference.run(random_image(seed))
        for name, difference in reference.alone(values):
            assert difference.max() <= 1, name
            differing, total = differing + int(difference.sum()), total + difference.size
        last = reference.graph.nodes[-1]
        logits = OPS["logits"].output(last, parameters_of(last), [values[last.inputs[0]]])
        q = values[reference.graph.output].ravel()
        inside = (q > -128) & (q < 127)
        assert reference.scores(values, logits)[inside].max(initial=0) <= 0.1 + 1 / 32 + 1e-6
    # LiteRT rounds twice; a mean of few pixels is often a half, which it rounds away from zero and we round up
    assert differing <= (0.2 if "avg-pool" in case or case == "mean" else 0.03) * total


@pytest.mark.parametrize("case", CASES)
def test_training_in_c_equals_the_interpreter(case: str, tmp_path: Path) -> None:
    graph = import_tflite(network(CASES[case], tmp_path))
    rng = np.random.default_rng(1)
    x = (rng.integers(-128, 128, (24, *SHAPE)) - 5) * 0.04
    bundle = compile_graph(graph, parse_scheme("full", graph), x, rng.integers(0, 4, 24))
    machine, device = Interpreter(bundle.program, 3), Device(bundle, tmp_path, 3)
    samples = bundle.quantize_input(x)
    for i in range(6):
        assert device.train_step(samples[i], i % 4) == machine.train_step(samples[i], i % 4)
        assert device.planes() == machine.planes(), i
        assert np.array_equal(device.logits(samples[-1]), machine.logits(samples[-1:])[0])
    assert device.guards_hold()


def test_the_integers_are_those_of_the_file(tmp_path: Path) -> None:
    path = network(CASES["conv groups"], tmp_path)
    read, graph = read_tflite(path), imported(path)
    for op, n in zip((o for o in read.operators if o.kind != "RESHAPE"), graph.nodes, strict=True):
        weight, bias = op.inputs[1], op.inputs[2]
        assert np.array_equal(n.weight.ravel(), weight.data.ravel())
        assert np.array_equal(n.bias, bias.data)
        assert np.array_equal(n.weight_scale, weight.scales)
        assert (n.input_quant[0].scale, n.input_quant[0].zero_point) == (
            op.inputs[0].scales[0],
            op.inputs[0].zero_points[0],
        )
    assert graph.nodes[0].output_quant.zero_point == -7


def test_training_adds_no_headroom_to_prescribed_scales(tmp_path: Path) -> None:
    graph = import_tflite(network(CASES["conv"], tmp_path))
    trained = quantize(graph, parse_scheme("full", graph), np.zeros((1, *SHAPE)))
    assert np.array_equal(trained.nodes[0].weight, imported(tmp_path / "network.tflite").nodes[0].weight)


@pytest.mark.parametrize(
    ("case", "activation", "masks"),
    [
        ("conv", "none", (False, False)),
        ("conv folded relu", "relu", (True, False)),
        ("conv folded relu6", "relu6", (True, True)),
        ("conv relu6", "relu6", (True, True)),
        ("conv relu_n1_to_1", "relu_n1_to_1", (True, True)),
    ],
)
def test_activations_fused_by_name_or_folded_into_the_range(
    case: str, activation: str, masks: tuple[bool, bool], tmp_path: Path
) -> None:
    path = network(CASES[case], tmp_path)
    assert import_tflite(path).nodes[0].activation == activation
    r = imported(path).nodes[0].requant
    assert (r.mask_lo, r.mask_hi) == masks
    if "folded" in case:
        assert (r.lo, r.hi) == (-128, 127)


@pytest.mark.parametrize("scale", [5.9 / 255, 6 / 254.4, 6 / 254.6, 6 / 255.4, 6 / 255.6, 0.03])
def test_a_folded_activation_never_changes_the_forward_pass(scale: float) -> None:
    activation = folded_activation(QuantParams(scale, -128))
    assert activation == ("relu6" if abs(255 - 6 / scale) <= 0.5 else "relu")
    assert folded_activation(QuantParams(scale, -127)) == "none"


def dead_channels(m: TfliteModel, x: int) -> tuple[int, tuple[int, int, int]]:
    """A convolution whose channels 1 and 3 post-training quantisation left behind."""
    scales = np.array([0.01, 1e-9, 0.004, 0.0], np.float32)
    w = m.tensor((4, 1, 1, 4), scales, data=m.rng.integers(-127, 128, (4, 1, 1, 4), np.int8))
    bias = np.array([100, 2**31 - 1, -3000, -(2**31)], np.int32)
    b = m.tensor((4,), m.scale(x) * scales, dtype="int32", data=bias)
    y = m.tensor((1, *SHAPE[:2], 4), 0.02, 0)
    options = {"padding": 1, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    return m.op("CONV_2D", [x, w, b], y, **options), (*SHAPE[:2], 4)


def test_dead_channels_keep_what_they_contribute(tmp_path: Path) -> None:
    n = imported(network(dead_channels, tmp_path)).nodes[0]
    top = np.float64(np.float32(0.01))
    assert n.weight_scale == pytest.approx([top, top / 1000, np.float32(0.004), top / 1000])
    unit = n.input_quant[0].scale * n.weight_scale
    real = np.float64(np.float32(1e-9)) * n.input_quant[0].scale * (2**31 - 1)
    assert n.bias[1] * unit[1] == pytest.approx(real, abs=unit[1])
    assert n.bias[3] == 0
    assert not n.weight[[1, 3]].any()
    y = OPS["pointwise"].output(n, parameters_of(n), [random_image(0)])
    assert (y[..., 1] == round(real / 0.02)).all()


class TestEnds:
    def test_what_follows_the_class_scores_is_dropped(self, tmp_path: Path) -> None:
        m = TfliteModel()
        x = m.tensor((1, 1, 1, 3), 0.04, 5)
        scores = m.conv(x, (1, 1, 3), 4, m.tensor((1, 1, 1, 4), 0.1, -128))
        shape = m.tensor((2,), None, dtype="int32", data=np.array([1, 4], np.int32))
        flat = m.op("RESHAPE", [scores, shape], m.tensor((1, 4), 0.1, -128))
        soft = m.op("SOFTMAX", [flat], m.tensor((1, 4), 1 / 256, -128), beta=1.0)
        out = m.op("DEQUANTIZE", [soft], m.tensor((1, 4), None, dtype="float32"))
        graph = import_tflite(m.write(tmp_path / "a.tflite", [x], [out]))
        assert [n.op for n in graph.nodes] == ["logits"]
        assert graph.nodes[0].activation == "none"  # zero point -128 of class scores is no ReLU
        assert graph.classes == 4

    @pytest.mark.parametrize("dtype", ["float32", "uint8"])
    def test_a_quantize_before_the_first_operator_is_dropped(self, dtype: str, tmp_path: Path) -> None:
        m = TfliteModel()
        source = m.tensor((1, 3), None if dtype == "float32" else 0.04, 133, dtype=dtype)
        x = m.op("QUANTIZE", [source], m.tensor((1, 3), 0.04, 5))
        graph = import_tflite(m.write(tmp_path / "a.tflite", [source], [m.head(x, 3)]))
        assert [n.op for n in graph.nodes] == ["logits"]
        assert graph.quant[graph.input] == QuantParams(float(np.float32(0.04)), 5)

    def test_a_fresh_classifier(self, tmp_path: Path) -> None:
        graph = import_tflite(network(CASES["conv"], tmp_path))
        fresh = with_classes(graph, 9, 0)
        assert fresh.classes == 9
        head = quantize(fresh, FROZEN, np.zeros((1, *SHAPE))).nodes[-1]
        bound = 1 / np.sqrt(head.window.in_c)
        assert not head.bias.any()
        assert np.abs(fresh.nodes[-1].weight).max() <= bound
        assert head.weight_scale == pytest.approx(np.full(9, FRESH_HEADROOM * bound / 127))
        again = with_classes(graph, 9, 0).nodes[-1].weight
        assert np.array_equal(again, fresh.nodes[-1].weight)

    @pytest.mark.parametrize("classes", [0, 1, 65536])
    def test_a_number_of_classes_that_is_none(self, classes: int, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=f"--classes {classes} "):
            with_classes(import_tflite(network(CASES["conv"], tmp_path)), classes, 0)


def options(tmp_path: Path, labels: IntArray, classes: int | None) -> CompileOptions:
    path = network(CASES["gate"], tmp_path)
    x = (np.random.default_rng(0).integers(-128, 128, (len(labels), *SHAPE)) - 5) * 0.04
    np.savez(tmp_path / "samples.npz", x=x, y=labels)
    files = str(path), tmp_path / "samples.npz", tmp_path / "out"
    return CompileOptions(*files, "last:2", None, None, 8, 2.0**-6, 8, classes=classes)


def test_the_command_compiles_a_file_with_its_own_or_a_fresh_classifier(tmp_path: Path) -> None:
    with Progress() as progress:
        plan = compile_model(options(tmp_path, np.arange(24) % 4, None), progress)
        assert plan["classes"] == 4
        plan = compile_model(options(tmp_path, np.arange(24) % 5, 7), progress)  # two are to come later
        with pytest.raises(ModelError, match=r"one label in 0\.\.2 a sample"):
            compile_model(options(tmp_path, np.arange(24) % 5, 3), progress)
    assert plan["classes"] == 7
    assert (tmp_path / "out" / "net.c").is_file()


@pytest.mark.parametrize(
    ("classes", "remedy"),
    [(3, "--classes 3 makes a fresh"), (6, "--classes 6 makes a fresh"), (1, "--classes 1 makes")],
)
def test_labels_that_do_not_name_the_classes(classes: int, remedy: str, tmp_path: Path) -> None:
    sentence = rf"one label in 0..3 a sample, each class once or more, and has 0..{classes - 1}; {remedy}"
    with Progress() as progress, pytest.raises(ModelError, match=sentence):
        compile_model(options(tmp_path, np.arange(24) % classes, None), progress)
