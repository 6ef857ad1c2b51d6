import ctypes

import kernel_reference as ref
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kernel_cases import GRAD_TYPE, examples
from kernel_library import at

LOGITS = st.one_of(
    st.lists(st.integers(-32768, 32767), min_size=2, max_size=30),
    st.lists(st.integers(-100, 100), min_size=2, max_size=30),
    st.lists(st.sampled_from([0, 1, 175, 176, 177, 300]), min_size=2, max_size=8),
)


def run(lib: ctypes.CDLL, bits: int, logits: list[int], label: int) -> tuple[int, int, list[int]] | int:
    z = np.array(logits, np.int16)
    grad, scratch = np.full(len(z), 99, GRAD_TYPE[bits]), np.empty(len(z), np.uint32)
    loss = lib.tf_softmax_ce(len(z), at(z), label, at(grad), at(scratch))
    if loss.skip:
        assert not grad.any()
        return loss.p_label
    return loss.p_label, loss.e_top, grad.tolist()


@examples
@given(LOGITS, st.data())
@example([0, 0], None)
@example([176, 0], None)
@example([32767, -32768], None)
def test_softmax_cross_entropy(lib: ctypes.CDLL, bits: int, logits: list[int], data: st.DataObject | None) -> None:
    labels = range(len(logits)) if data is None else [data.draw(st.integers(0, len(logits) - 1))]
    for label in labels:
        assert run(lib, bits, logits, label) == ref.softmax_ce(logits, label, bits)


@pytest.mark.parametrize("classes", [2, 7, 10])
def test_a_certain_and_right_answer_is_skipped_and_a_certain_wrong_one_is_not(
    lib: ctypes.CDLL, bits: int, classes: int
) -> None:
    logits = [4000] + [-4000] * (classes - 1)
    assert run(lib, bits, logits, 0) == 32768
    p_label, e_top, grad = run(lib, bits, logits, 1)
    top = {8: 64, 16: 16384}[bits]
    assert (p_label, grad) == (0, [top, -top] + [0] * (classes - 2))
    assert top * 2.0**-e_top == 1.0


@pytest.mark.parametrize("steps", range(0, 177, 8))
def test_probabilities_are_those_of_softmax(lib8: ctypes.CDLL, steps: int) -> None:
    p_label = run(lib8, 8, [0, -steps, -2 * steps], 1)[0]
    exact = np.exp(-steps / 16) / (1 + np.exp(-steps / 16) + np.exp(-steps / 8))
    assert abs(p_label / 32768 - exact) < 2**-15


def test_most_classes(lib: ctypes.CDLL, bits: int) -> None:
    logits = [0, -5] * 32767 + [0]
    assert run(lib, bits, logits, 65534) == ref.softmax_ce(logits, 65534, bits)
