"""Functions of one value: 256 results looked up forward, 256 slopes backward."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from tinyfl.ops.operator import CallArguments, Operator, Parameters
from tinyfl.types import FloatArray, GradConstants, Int8Node, IntArray, Node, QuantParams


class Table(Operator):
    """y = f(x), element by element; ``coefficients`` are the node's own numbers, for a function that has some."""

    grad_needs_inputs = True
    by_rows = True
    cheap = True
    grad_in_place = True
    stepwise = True

    @abstractmethod
    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """f(x)."""

    @abstractmethod
    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """f'(x)."""

    def float_output(self, node: Node, xs: Sequence[FloatArray]) -> FloatArray:
        """f(x)."""
        return self.value(xs[0], node.coefficients)

    def output(self, n: Int8Node, p: Parameters, xs: Sequence[IntArray]) -> IntArray:
        """Section 4."""
        return n.table[xs[0] + 128]

    def input_sum(
        self, n: Int8Node, g: GradConstants, p: Parameters, operand: int, grad_y: IntArray, xs: Sequence[IntArray]
    ) -> IntArray:
        """Section 5.8."""
        return grad_y * g.slopes[xs[0] + 128]

    def real_input_grad(
        self, n: Int8Node, p: Parameters, operand: int, grad_y: FloatArray, xs: Sequence[IntArray]
    ) -> FloatArray:
        """The gradient times f'(x)."""
        return grad_y * self.slope(arguments(n), n.coefficients)[xs[0] + 128]

    def c_forward(self, n: Int8Node, a: CallArguments) -> str:
        """tf_table_s8."""
        return f"tf_table_s8(n{n.index}_table, {a.count}, {a.x[0]}, {a.y})"

    def c_input_grad(self, n: Int8Node, a: CallArguments, operand: int) -> str:
        """tf_table_input_grad."""
        i = n.index
        return f"tf_table_input_grad(&n{i}_finish0, n{i}_slopes, n{i}_count, {a.x[0]}, {a.grad_y}, {a.grad_x})"


def arguments(n: Int8Node) -> FloatArray:
    """Real values of the 256 inputs of a table."""
    return tabled(n.input_quant[0])


def tabled(q: QuantParams) -> FloatArray:
    """Real values of -128..127."""
    return (np.arange(-128, 128) - q.zero_point).astype(np.float64) * q.scale


class Logistic(Table):
    """1 / (1 + exp(-x))."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """Written so that exp cannot overflow."""
        return 0.5 + 0.5 * np.tanh(0.5 * x)

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """f (1 - f)."""
        f = self.value(x, coefficients)
        return f * (1 - f)


class Tanh(Table):
    """Hyperbolic tangent."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """tanh x."""
        return np.tanh(x)

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """1 - f^2."""
        return 1 - np.tanh(x) ** 2


class HardSigmoid(Table):
    """min(max(x + 3, 0), 6) / 6."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """Three lines."""
        return np.clip(x + 3, 0, 6) / 6

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """1/6 between -3 and 3."""
        return np.where(np.abs(x) < 3, 1 / 6, 0.0)


class HardSwish(Table):
    """x min(max(x + 3, 0), 6) / 6."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """x times the hard sigmoid."""
        return x * np.clip(x + 3, 0, 6) / 6

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """0, (2 x + 3) / 6, 1."""
        return np.where(x <= -3, 0.0, np.where(x < 3, (2 * x + 3) / 6, 1.0))


class Silu(Table):
    """x / (1 + exp(-x))."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """x times the logistic."""
        return x * Logistic().value(x, ())

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """g (1 + x (1 - g)), g the logistic."""
        g = Logistic().value(x, ())
        return g * (1 + x * (1 - g))


_erf = np.frompyfunc(math.erf, 1, 1)


class Gelu(Table):
    """x Phi(x), Phi the standard normal distribution (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016)."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """x times the distribution function."""
        return x * self._distribution(x)

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """Phi(x) + x phi(x)."""
        return self._distribution(x) + x * np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)

    def _distribution(self, x: FloatArray) -> FloatArray:
        return 0.5 + 0.5 * np.asarray(_erf(x / math.sqrt(2)), np.float64)


class GeluTanh(Table):
    """The same with tanh(sqrt(2/pi) (x + 0.044715 x^3)) in place of erf(x / sqrt 2), as many transformers have it."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """x (1 + tanh u) / 2."""
        return 0.5 * x * (1 + np.tanh(self._argument(x)))

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """(1 + tanh u) / 2 + x (1 - tanh^2 u) u' / 2."""
        tanh = np.tanh(self._argument(x))
        return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh**2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)

    def _argument(self, x: FloatArray) -> FloatArray:
        return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


class Affine(Table):
    """a x + b, a sum or product with one constant, with fused activation; ``coefficients`` are a and b."""

    def value(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """A line."""
        return coefficients[0] * x + coefficients[1]

    def slope(self, x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
        """Its slope."""
        return np.full(x.shape, coefficients[0])


FUNCTIONS: dict[str, Table] = {
    "logistic": Logistic(),
    "tanh": Tanh(),
    "hard_sigmoid": HardSigmoid(),
    "hard_swish": HardSwish(),
    "silu": Silu(),
    "gelu": Gelu(),
    "gelu_tanh": GeluTanh(),
    "affine": Affine(),
}
