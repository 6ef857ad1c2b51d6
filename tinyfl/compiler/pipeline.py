"""The passes in order: graph + scheme + calibration -> bundle."""

from __future__ import annotations

from tinyfl.compiler.adapters import with_adapters
from tinyfl.compiler.again import smaller
from tinyfl.compiler.autodiff import differentiate
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.gradients import calibrate_exponents, grad_constants
from tinyfl.compiler.plan_check import verify
from tinyfl.compiler.quantize import quantize, to_int8
from tinyfl.compiler.schedule import order_nodes
from tinyfl.compiler.scheme import check_scheme
from tinyfl.compiler.stream import with_stream
from tinyfl.errors import ModelError
from tinyfl.types import FloatArray, Graph, IntArray, UpdateScheme

CALIBRATION_SEED = 0


def compile_graph(
    graph: Graph,
    scheme: UpdateScheme,
    calibration: FloatArray,
    labels: IntArray,
    *,
    learning_rate: float = 2.0**-6,
    grad_bits: int = 8,
    margin: int = 0,
    input_in_arena: bool = False,
    fraction_bits: int = 8,
) -> Bundle:
    """Compile ``graph`` to a training step.

    ``calibration`` [N, H, W, C] and ``labels`` [N], of a sequence [N, steps], set the ranges (NUMERICS asks for 200
    samples or more); ``margin`` are spare bits of the gradients' exponents; ``input_in_arena`` plans a place for the
    sample, which is used up there; ``fraction_bits`` 0 keeps trained weights as int8 alone (one byte each, not for a
    federation). Raises ModelError or SchemeError.
    """
    check_scheme(scheme, graph)
    wanted = (len(calibration), graph.steps) if graph.target else (len(calibration),)
    if labels.shape != wanted or labels.min(initial=0) < 0 or labels.max(initial=0) >= graph.classes:
        each = f"each of the {graph.steps} steps of a sample" if graph.target else "a sample"
        raise ModelError(f"calibration needs one label in 0..{graph.classes - 1} for {each}; check the data set")
    if graph.target and input_in_arena:
        raise ModelError("a sequence's sample holds the labels of its steps: keep it outside of the arena")
    graph, scheme = with_adapters(graph, scheme)
    graph = order_nodes(graph)
    int8 = quantize(graph, scheme, calibration)
    if int8.tokens and not ((calibration >= 0) & (calibration < int8.tokens)).all():
        raise ModelError(
            f"calibration holds tokens {calibration.min():g} to {calibration.max():g}; the network knows 0 to "
            f"{int8.tokens - 1}"
        )
    q = int8.quant[int8.input]
    x = to_int8(calibration, q)
    offsets = calibrate_exponents(int8, x, labels, grad_bits, margin, CALIBRATION_SEED)
    grads = grad_constants(int8, offsets, grad_bits, learning_rate)
    arguments = int8, grads, grad_bits, learning_rate, input_in_arena, fraction_bits
    program, plan = smaller(differentiate(*arguments), differentiate(*arguments, again=True))
    verify(plan, program)
    return Bundle(program, with_stream(program, plan), graph.parameters)
