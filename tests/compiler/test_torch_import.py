"""An imported graph computes what torch computes; what cannot be imported is refused by name."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from networks import Causal, Cut, Mean, Network, networks, randomise
from torch import nn
from torch.nn import functional as F

from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.quantize import float_activations
from tinyfl.errors import ModelError
from tinyfl.types import Graph


def assert_same_as_torch(network: Network, tolerance: float = 1e-9) -> Graph:
    graph = network.graph()
    x, x_last = network.samples(4, 0)
    with torch.no_grad():
        expected = network.module(x).numpy()
    got = float_activations(graph, x_last)[graph.output].reshape(len(x), -1)
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
    return graph


@settings(max_examples=50, deadline=None, derandomize=True)
@given(networks())
def test_random_networks_compute_what_torch_computes(network: Network) -> None:
    assert_same_as_torch(network)


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(blocks=8))
def test_many_random_networks_compute_what_torch_computes(network: Network) -> None:
    assert_same_as_torch(network)


def network(*layers: nn.Module, shape: tuple[int, ...] = (2, 6, 5)) -> Network:
    return Network(randomise(nn.Sequential(*layers), 0), shape)


class Net(nn.Module):
    """Three layers and a function of them."""

    def __init__(self, function, features: int = 3) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU()
        self.fc, self.function = nn.Linear(features, 4), function
        self.square = nn.Parameter(torch.eye(36))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, x)


def of(function, features: int = 3) -> Network:  # type: ignore[no-untyped-def]
    return Network(randomise(Net(function, features), 0), (2, 6, 5))


class TestWhatIsSupported:
    def test_batch_norm_and_relu_fold_into_the_convolution(self) -> None:
        graph = assert_same_as_torch(
            network(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU6(), nn.Flatten(), nn.Linear(36, 4))
        )
        assert [(n.op, n.activation) for n in graph.nodes] == [("conv", "relu6"), ("logits", "none")]

    def test_an_activation_stays_alone_where_something_else_reads_its_input(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            y = m.conv(x)
            return m.fc((m.relu(y) + y).mean((2, 3)))

        graph = assert_same_as_torch(of(function))
        assert [n.op for n in graph.nodes] == ["conv", "activation", "add", "avg_pool", "logits"]

    def test_in_place_relu_changes_what_later_operators_read(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            y = m.conv(x)
            z = F.relu_(y)
            return m.fc((z + y).mean((2, 3)))

        assert_same_as_torch(of(function))

    def test_a_module_called_twice_gives_two_nodes(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            y = m.norm(m.relu(m.norm(m.conv(x))))
            return m.fc(y.mean((2, 3)))

        names = [n.name for n in assert_same_as_torch(of(function)).nodes]
        assert len(set(names)) == len(names)

    def test_a_tensor_added_to_itself(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            y = m.conv(x)
            return m.fc((y + y).mean((2, 3)))

        assert_same_as_torch(of(function))

    def test_batch_norm_before_the_first_convolution(self) -> None:
        assert_same_as_torch(network(nn.BatchNorm2d(2), nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(36, 4)))

    def test_batch_norm_without_affine_parameters(self) -> None:
        module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, affine=False), nn.Flatten(), nn.Linear(36, 4))
        module[1].running_var.uniform_(0.3, 2)
        assert_same_as_torch(Network(module.double().eval(), (2, 6, 5)))

    def test_batch_norm_of_a_vector(self) -> None:
        assert_same_as_torch(
            network(Mean(), nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 4), shape=(2, 7))
        )

    def test_batch_norm_of_a_flattened_image(self) -> None:
        assert_same_as_torch(network(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.BatchNorm1d(36), nn.Linear(36, 4)))

    def test_relu_of_a_flattened_image(self) -> None:
        assert_same_as_torch(network(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.ReLU(), nn.Linear(36, 4)))

    def test_a_flattened_image_added_to_a_linear_layer(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            flat = m.relu(m.conv(x)).flatten(1)
            return m.fc(flat + flat.relu())

        assert_same_as_torch(of(function, 36))

    def test_a_flattened_image_is_not_added_to_a_vector_in_another_order(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            flat = m.conv(x).flatten(1)
            return m.fc(flat + F.linear(flat, m.square))

        with pytest.raises(ModelError, match="before flattening"):
            of(function, 36).graph()

    def test_flattened_images_are_not_concatenated(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            flat = m.conv(x).flatten(1)
            return m.fc(torch.cat([flat, flat], 1))

        with pytest.raises(ModelError, match="before flattening"):
            of(function, 72).graph()

    @pytest.mark.parametrize("reshape", ["view", "reshape", "flatten"])
    def test_ways_to_flatten(self, reshape: str) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            y = m.conv(x)
            return m.fc(y.flatten(1) if reshape == "flatten" else getattr(y, reshape)(y.shape[0], -1))

        assert_same_as_torch(of(function, 36))

    def test_mean_that_keeps_its_dimensions_then_squeezes(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            return m.fc(m.conv(x).mean((-2, -1), keepdim=True).squeeze(3).squeeze(2))

        assert_same_as_torch(of(function))

    def test_image_of_one_row(self) -> None:
        assert_same_as_torch(network(nn.Conv2d(2, 3, (1, 3)), nn.Flatten(), nn.Linear(9, 4), shape=(2, 1, 5)))

    def test_spatial_dropout_in_eval_mode(self) -> None:
        assert_same_as_torch(network(nn.Conv2d(2, 3, 3), nn.Dropout2d(), nn.Flatten(), nn.Linear(36, 4)))

    def test_names_are_those_of_the_modules(self) -> None:
        def function(m: Net, x: torch.Tensor) -> torch.Tensor:
            return m.fc(m.norm(m.conv(x)).mean((2, 3)))

        assert [n.name for n in assert_same_as_torch(of(function)).nodes] == ["conv", "mean", "fc"]


class Sort(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sort(dim=1).values


REFUSED = {
    "mish": ([nn.Conv2d(2, 3, 3), nn.Mish()], "1", "mish"),
    "logsigmoid": ([nn.Conv2d(2, 3, 3), nn.LogSigmoid()], "1", "log_sigmoid"),
    "transposed": ([nn.ConvTranspose2d(2, 3, 3)], "0", "conv_transpose2d"),
    "conv dilation": ([nn.Conv2d(2, 3, 3, dilation=2)], "0", "dilation"),
    "pool dilation": ([nn.MaxPool2d(2, 1, dilation=2)], "0", "dilat"),
    "avg ceil": ([nn.AvgPool2d(2, ceil_mode=True)], "0", "ceil_mode"),
    "max ceil": ([nn.MaxPool2d(2, ceil_mode=True)], "0", "ceil_mode"),
    "avg excludes padding": ([nn.AvgPool2d(3, 1, 1, count_include_pad=False)], "0", "count_include_pad"),
    "avg divisor": ([nn.AvgPool2d(2, divisor_override=3)], "0", "divisor_override"),
    "adaptive to 2": ([nn.AdaptiveAvgPool2d(2)], "0", "adaptive"),
    "circular padding": ([nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular")], "0", "pad"),
    "hardtanh": ([nn.Conv2d(2, 3, 3), nn.Hardtanh(-2, 2)], "1", "hardtanh"),
    "linear over an image": ([nn.Linear(5, 4)], "0", "linear"),
    "sort": ([nn.Conv2d(2, 3, 3), Sort()], "1", "sort"),
    "batch norm without statistics": ([nn.BatchNorm2d(2, track_running_stats=False)], "0", "batch norm"),
    "instance norm": ([nn.InstanceNorm2d(2)], "0", "norm"),
    "softmax": ([nn.Flatten(), nn.Linear(60, 4), nn.Softmax(1)], "2", "softmax"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_by_node_and_operator(case: str) -> None:
    layers, node, operator = REFUSED[case]
    end = [] if case == "softmax" else [nn.Flatten(), nn.LazyLinear(4)]
    module = nn.Sequential(*layers, *end)
    module(torch.zeros(2, 2, 6, 5))
    with pytest.raises(ModelError) as info:
        import_torch(module, torch.zeros(1, 2, 6, 5))
    assert f"node {node} " in str(info.value)
    assert operator in str(info.value).lower()
    assert "\n" not in str(info.value)


SEQUENCES = {
    "a length that is no multiple": ([Causal(2, 3, 3, 5)], "multiples of it, not 12, 10 and 12"),
    "a dilated stride": ([nn.Conv1d(2, 3, 3, 2, 4, dilation=4)], "only that of a conv1d of stride 1"),
    "an even kernel kept the same": (
        [nn.Conv1d(2, 3, 4, padding="same", dilation=2)],
        "multiples of it, not 12, 3",
    ),
    "padding for something else": ([nn.ConstantPad1d((2, 0), 0.0), nn.ReLU()], "only a convolution can read a padded"),
    "padding with a number": ([nn.ConstantPad1d((2, 0), 1.0), nn.Conv1d(2, 3, 3)], "only with zeros"),
    "padding of channels": ([nn.ConstantPad2d((0, 0, 0, 2), 0.0), nn.Conv1d(4, 3, 3)], "only with zeros"),
    "padding that cuts": ([nn.ConstantPad1d((-2, 0), 0.0), nn.Conv1d(2, 3, 3)], "only with zeros"),
    "reflected padding": ([nn.ReflectionPad1d(2), nn.Conv1d(2, 3, 3)], "pad"),
    "every second step": ([nn.Conv1d(2, 3, 3), Cut(0, None, 2)], "no block of neighbouring steps"),
    "an end cut off in mid-phase": (
        [nn.Conv1d(2, 3, 3, padding=8, dilation=4), Cut(0, -2)],
        "no multiple of the",
    ),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_refuses_sequences_that_it_would_compute_otherwise(case: str) -> None:
    layers, message = SEQUENCES[case]
    module = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(4))
    module(torch.zeros(2, 2, 12))
    with pytest.raises(ModelError, match=re.escape(message)):
        import_torch(module, torch.zeros(1, 2, 12))


@pytest.mark.parametrize("cut", [Cut(0, -2), Cut(3, None), Cut(2, 7), Cut(-1, None)])
def test_cuts_of_a_sequence(cut: nn.Module) -> None:
    for layers in ([cut, nn.Conv1d(2, 3, 1)], [nn.Conv1d(2, 3, 3), cut], [nn.Conv1d(2, 3, 3), nn.ReLU(), cut]):
        module = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(4))
        module(torch.zeros(1, 2, 12))
        assert_same_as_torch(Network(randomise(module, 0), (2, 12)))


def test_a_result_read_twice_is_not_computed_in_part() -> None:
    class Twice(nn.Module):
        def __init__(self, between: nn.Module) -> None:
            super().__init__()
            self.conv, self.fc, self.between = nn.Conv1d(2, 3, 3), nn.Linear(3, 2), between

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            return self.fc(self.between(y)[:, :, :-2].mean(2) + y.mean(2))

    for between in (nn.Identity(), nn.Dropout()):
        assert_same_as_torch(Network(randomise(Twice(between), 0), (2, 12)))


def test_a_partial_flatten_that_a_whole_one_follows() -> None:
    assert_same_as_torch(network(nn.Conv2d(2, 3, 3), nn.Flatten(2), nn.Flatten(), nn.Linear(36, 4)))


ARITHMETIC = {
    "add of a number": lambda m, x: m.fc((m.conv(x) + 1.5).mean((2, 3))),
    "a number less": lambda m, x: m.fc((m.conv(x) - 0.5).mean((2, 3))),
    "product with a number": lambda m, x: m.fc((2 * m.conv(x)).mean((2, 3)) * -0.3),
    "division by a number": lambda m, x: m.fc((m.conv(x) / 3).mean((2, 3))),
    "add of an image": lambda m, x: m.fc((m.conv(x) + m.square[0].reshape(3, 4, 3)).mean((2, 3))),
    "add of a row": lambda m, x: m.fc((m.square[1, :3] + m.conv(x)).mean((2, 3))),
}


@pytest.mark.parametrize("case", ARITHMETIC)
def test_arithmetic_with_constants(case: str) -> None:
    assert_same_as_torch(of(ARITHMETIC[case]))


FUNCTIONS = {
    "add of two shapes": (lambda m, x: m.fc((m.conv(x) + m.conv(x).mean((2, 3), keepdim=True)).mean((2, 3))), "add"),
    "scaled add": (lambda m, x: m.fc(torch.add(m.conv(x), m.conv(x), alpha=2).mean((2, 3))), "add"),
    "product with a constant": (lambda m, x: m.fc((m.conv(x) * m.square[0, :3]).mean((2, 3))), "only with a number"),
    "product with a row": (lambda m, x: m.fc((m.conv(x) * m.conv(x)[:, :, :1]).mean((2, 3))), "mul of shapes"),
    "division by a tensor": (lambda m, x: m.fc(m.conv(x).mean((2, 3)) / m.conv(x).mean((2, 3))), "division by a"),
    "concatenation of rows": (lambda m, x: m.fc(torch.cat([m.conv(x), m.conv(x)], 2).mean((2, 3))), "cat"),
    "mean of one axis": (lambda m, x: m.fc(m.conv(x).mean(3).mean(2)), "mean"),
    "dropout left on": (lambda m, x: m.fc(F.dropout(m.conv(x), 0.5, True).mean((2, 3))), "dropout"),
    "batch norm left in training": (
        lambda m, x: m.fc(F.batch_norm(m.conv(x), m.norm.running_mean, m.norm.running_var, training=True).mean((2, 3))),
        "batch norm",
    ),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_refuses_what_would_compute_something_else(case: str) -> None:
    function, operator = FUNCTIONS[case]
    with pytest.raises(ModelError, match=operator):
        of(function).graph()


ENDS = {
    "convolution": (lambda m, x: m.conv(x), "ends in conv"),
    "pooling": (lambda m, x: m.conv(x).mean((2, 3)), "ends in avg_pool"),
    "activation": (lambda m, x: m.relu(m.fc(m.conv(x).mean((2, 3)))), "without an activation"),
    "nothing": (lambda m, x: x, "linear layer"),
    "two outputs": (lambda m, x: (m.fc(m.conv(x).mean((2, 3))), m.conv(x)), "2 values"),
    "flatten": (lambda m, x: m.conv(x).flatten(1), "ends in conv"),
}


@pytest.mark.parametrize("case", ENDS)
def test_refuses_a_network_that_does_not_end_in_a_classifier(case: str) -> None:
    function, message = ENDS[case]
    with pytest.raises(ModelError, match=message):
        of(function).graph()


def fails_with_a_message(m: Net, x: torch.Tensor) -> torch.Tensor:
    raise ValueError("no such sensor\nsecond line")


def fails_without_a_message(m: Net, x: torch.Tensor) -> torch.Tensor:
    raise RuntimeError


def branches_on_data(m: Net, x: torch.Tensor) -> torch.Tensor:
    return m.fc(m.conv(x).mean((2, 3))) if x.sum() > 0 else m.fc(m.norm(m.conv(x)).mean((2, 3)))


@pytest.mark.parametrize("function", [fails_with_a_message, fails_without_a_message, branches_on_data])
def test_a_network_that_cannot_be_traced(function) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelError, match="cannot trace Net") as info:
        of(function).graph()
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("shape", [(1, 4), (1, 2, 3, 4, 5)])
def test_an_input_that_is_no_image_or_signal(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="input of shape"):
        import_torch(nn.Flatten(), torch.zeros(shape))
