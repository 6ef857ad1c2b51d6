"""Products of activations: what is a matmul, what is attention, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_networks import Sequences, compile_sequences, double
from torch import nn

from tinyfl.compiler.quantize import float_activations
from tinyfl.errors import ModelError

Multiply = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Pair(nn.Module):
    """``multiply`` on two linear layers' results [N, T, first] and [N, T, second], and a classifier of all of it."""

    def __init__(self, multiply: Multiply, first: int, second: int) -> None:
        super().__init__()
        self.a, self.b, self.multiply = nn.Linear(3, first), nn.Linear(3, second), multiply
        self.last = nn.LazyLinear(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.multiply(self.a(x), self.b(x)).flatten(1))


def pair(multiply: Multiply, steps: int = 4, first: int = 6, second: int = 6) -> Sequences:
    module = Pair(multiply, first, second)
    module(torch.zeros(2, steps, 3))
    return Sequences(double(module), steps, 0, 3)


def operators(network: Sequences) -> list[str]:
    """Of the graph, which must compute what torch computes."""
    graph = network.graph()
    x, samples = network.samples(3, 1)
    with torch.no_grad():
        expected = network.module(x).numpy()
    got = float_activations(graph, samples)[graph.output].reshape(expected.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
    return [n.op for n in graph.nodes]


def within(m: int, k: int, n: int, equation: str) -> Multiply:
    return lambda a, b: torch.einsum(equation, a.unflatten(2, (m, k)), b.unflatten(2, (k, n)))


PRODUCTS: dict[str, Callable[[int, int, int], tuple[Multiply, int, int, int]]] = {
    "a b^T": lambda m, k, n: (lambda a, b: 0.5 * a @ b.transpose(1, 2), m, k, k),
    "a b": lambda m, k, n: (lambda a, b: torch.bmm(a, b) / 3 + 1, m, m, n),
    "b^T a^T": lambda m, k, n: (lambda a, b: b.mT @ a.mT, m, m, n),
    "transposed by einsum": lambda m, k, n: (lambda a, b: torch.einsum("nik,njk->nji", a, b), m, k, k),
    "matrices": lambda m, k, n: (lambda a, b: a.unflatten(2, (m, k)) @ b.unflatten(2, (k, n)), 3, m * k, k * n),
    "matrices by einsum": lambda m, k, n: (within(m, k, n, "ntik, ntkj -> ntji"), 2, m * k, k * n),
    "vectors": lambda m, k, n: (lambda a, b: torch.einsum("ntc,ntc->nt", a, b), m, k, k),
    "outer": lambda m, k, n: (lambda a, b: torch.einsum("nti,ntj->ntij", a, b), m, k, n),
    "squared": lambda m, k, n: (lambda a, b: a @ a.mT, m, k, n),
    "read twice": lambda m, k, n: (lambda a, b: (lambda y: y.relu() + y.tanh())(a @ b.mT), m, k, k),
    "a part": lambda m, k, n: (lambda a, b: (a @ b[:, :, :k].mT)[:, :1], m, k, k + 1),
}


@pytest.mark.parametrize("name", PRODUCTS)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(m=st.integers(1, 6), k=st.integers(1, 6), n=st.integers(1, 6))
def test_products_compute_what_torch_computes(name: str, m: int, k: int, n: int) -> None:
    assert operators(pair(*PRODUCTS[name](m, k, n))).count("matmul") == 1


def attended(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    q, k, v = (x.unflatten(2, (2, 3)) for x in (a, b, a))
    weights = torch.einsum("nthd,nshd->nhts", q, k).div(3**0.5).softmax(-1)
    return torch.einsum("nhts,nshd->nthd", weights, v)


def test_einsums_around_a_softmax_are_attention() -> None:
    assert "attention" in operators(pair(attended))


def weights(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a @ b.mT).softmax(-1)


MEMORY = "do not lie in memory so"
REFUSED: dict[str, tuple[Multiply, str]] = {
    "a^T b": (lambda a, b: a.mT @ b, MEMORY),
    "heads": (
        lambda a, b: a.unflatten(2, (2, 3)).transpose(1, 2) @ b.unflatten(2, (2, 3)).permute(0, 2, 3, 1),
        "heads one by one",
    ),
    "two letters": (within(2, 3, 2, "ntik,nskj->ntsij"), MEMORY),
    "samples": (lambda a, b: (a[:, 0].mT @ b[:, 0])[None], "unsqueeze vectors"),
    "one matrix for all": (lambda a, b: a.unflatten(2, (3, 2)) @ b[:, None, :2], "alike"),
    "weights alone": (weights, "attention weights can only be multiplied with values"),
    "weights on the right": (lambda a, b: a.mT @ weights(a, b), "attention weights can only be multiplied"),
    "transposed weights": (lambda a, b: torch.einsum("nts,ntc->nsc", weights(a, b), a), "sum over keys"),
    "a constant": (lambda a, b: a @ torch.ones(1, 6, 2, dtype=a.dtype), "use nn.Linear"),
    "einsum of three": (lambda a, b: torch.einsum("ntc,nsc,nsd->ntd", a, b, b), "only of two operands"),
    "einsum of one letter twice": (lambda a, b: torch.einsum("ntc,ncc->nt", a, b[:, :, :4]), "only of two operands"),
    "einsum over one operand": (lambda a, b: torch.einsum("ntc,nsd->ntc", a, b), "letters that both have"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_by_name_with_a_remedy(case: str) -> None:
    multiply, message = REFUSED[case]
    first = 4 if case == "einsum of one letter twice" else 6
    with pytest.raises(ModelError, match=rf"node \w+ \((matmul|bmm|einsum|softmax).*{message}"):
        pair(multiply, 4, first).graph()


def test_sizes_that_overflow_32_bits() -> None:
    wide = pair(lambda a, b: (a @ b.mT)[:, :2], 258, 2, 2)
    with pytest.raises(ModelError, match="use 8-bit gradients"):
        compile_sequences(wide, grad_bits=16, count=2)
    compile_sequences(wide, grad_bits=8, count=2)
    deep = pair(lambda a, b: a @ b.mT, 1, 16513, 16513)
    with pytest.raises(ModelError, match="a sum of 16513 products can overflow 32 bits; make it smaller"):
        compile_sequences(deep, grad_bits=8, count=2)
