"""The NumPy interpreter: executes a training program with wide integers, one sample a step.

It is the reference of docs/NUMERICS.md: the generated C ends with the same bytes in every weight.
"""

from __future__ import annotations

import zlib

import numpy as np

from tinyfl.compiler.autodiff import grad_of, kept_of, update_grad
from tinyfl.compiler.gradients import activation_mask, grad_limit, integer_activations, parameters_of
from tinyfl.compiler.layout import trained_tensors
from tinyfl.ops import OPS, weighted
from tinyfl.ops.arith import counter_base, rs, rs_even, sat
from tinyfl.ops.loss import softmax_ce
from tinyfl.ops.operator import Parameters, operands
from tinyfl.ops.weighted import with_trained
from tinyfl.types import Int8Node, IntArray, Program, Step


class Interpreter:
    """One network instance: masters, biases, step counter and seed.

    Samples are int8 values [H, W, C] in the model's input scale, held in any integer type.
    """

    def __init__(self, program: Program, seed: int = 0, lr_shift: int = 0) -> None:
        self.program = program
        self.seed = seed
        self.lr_shift = lr_shift
        self.step = 0
        self.saturated = 0
        self._parameters = {n.index: parameters_of(n) for n in program.graph.nodes}
        self._masters: dict[int, IntArray] = {}
        for n in program.graph.nodes:
            if n.trained_in_c:
                assert n.weight is not None
                self._masters[n.index] = weighted(n.op).trained(n, n.weight) * 256

    def logits(self, x: IntArray) -> IntArray:
        """Logits [N, classes] of samples [N, H, W, C] in 1/16 nat; of a sequence [N, steps x classes]."""
        return self._forward(x.astype(np.int64))[self.program.graph.output].reshape(len(x), -1)

    def train_step(self, x: IntArray, label: int | IntArray) -> int:
        """One step on one sample [H, W, C]; returns p(label) before the step in Q15.

        A sequence has a label for each step [steps], and the mean of their probabilities is returned.
        """
        graph = self.program.graph
        values = self._forward(x.astype(np.int64)[None])
        logits = values[graph.output].reshape(graph.steps, graph.classes)
        loss = softmax_ce(logits, np.atleast_1d(label), self.program.grad_bits)
        if loss.grad is not None:
            values[grad_of(graph.output)] = loss.grad.reshape(1, *graph.shapes[graph.output])
            for step in self.program.steps[self.program.forward_steps + 1 :]:
                self._backward(step, values, loss.e_top)
        self.step = (self.step + 1) & 0xFFFFFFFF
        return loss.p_label

    def _forward(self, x: IntArray) -> dict[str, IntArray]:
        return integer_activations(self.program.graph, x, self._parameters)

    def _backward(self, step: Step, values: dict[str, IntArray], e_top: int) -> None:
        n = self.program.graph.nodes[step.node]
        g = self.program.grads[n.index]
        gy = grad_of(n.output)
        if step.action == "again":
            return  # the value is still there
        if step.action == "mask":
            values[gy] = values[gy] * activation_mask(n, values[n.output])
        elif step.action == "input_grad":
            self._input_grad(step, n, values)
        else:
            base = counter_base(self.seed, self.step, n.index)
            exponent = e_top + g.update_ro + self.lr_shift
            grad = values[update_grad(self.program.graph, n)]
            p = self._parameters[n.index]
            if step.action == "update_bias":
                bias = weighted(n.op).update_bias(n, g, p.bias, exponent, base, grad)
                self._parameters[n.index] = Parameters(p.weight, bias)
            else:
                op = weighted(n.op)
                master = self._masters[n.index]
                x = values[op.update_input(n)]
                new = op.update_weight(n, g, master, exponent, base, grad, x, self.program.fraction_bits)
                self._masters[n.index] = new
                self._parameters[n.index] = with_trained(op, n, p, new)

    def _input_grad(self, step: Step, n: Int8Node, values: dict[str, IntArray]) -> None:
        g = self.program.grads[n.index]
        limit = grad_limit(self.program.grad_bits)
        xs = operands(n, values, self.program.graph.shapes)
        p, y = self._parameters[n.index], values[n.output]
        v, kept = OPS[n.op].input_sums(n, g, p, step.operand, values[grad_of(n.output)], xs, y)
        tensor = n.inputs[step.operand]
        v = v.reshape(values[tensor].shape)
        target = grad_of(tensor)
        bsh = g.bsh[step.operand]
        if step.accumulate:
            v = v + (values[target] << bsh)
        raw = rs_even(v, bsh)
        self.saturated += int((np.abs(raw) > limit).sum())
        values[target] = sat(raw, -limit, limit)
        if kept is not None:
            values[kept_of(n)] = sat(rs_even(kept, bsh), -limit, limit)

    def planes(self) -> tuple[bytes, bytes, bytes]:
        """The device's planes as bytes: w (int8), f (uint8; none without fractions), b (int32 little-endian)."""
        w, f, b = [], [], []
        for t in trained_tensors(self.program.graph):
            if t.is_bias:
                b.append(self._parameters[t.node].bias)
            else:
                master = self._masters[t.node].ravel()
                w.append(rs(master, 8))
                f.append((master - 256 * rs(master, 8) + 128)[: None if self.program.fraction_bits else 0])
        join = [np.concatenate([np.zeros(0, np.int64), *parts]) for parts in (w, f, b)]
        return join[0].astype("i1").tobytes(), join[1].astype("u1").tobytes(), join[2].astype("<i4").tobytes()

    def set_masters(self, weights: IntArray, biases: IntArray) -> None:
        """Replace all trained parameters: Q8.8 masters and int32 biases in plane order."""
        for t in trained_tensors(self.program.graph):
            n = self.program.graph.nodes[t.node]
            if t.is_bias:
                p = self._parameters[t.node]
                self._parameters[t.node] = Parameters(p.weight, biases[t.offset : t.offset + t.count].copy())
            else:
                shape = self._masters[t.node].shape
                master = weights[t.offset : t.offset + t.count].reshape(shape).copy()
                self._masters[t.node] = master
                self._parameters[t.node] = with_trained(weighted(n.op), n, self._parameters[t.node], master)

    def masters(self) -> tuple[IntArray, IntArray]:
        """All trained parameters in plane order: Q8.8 masters and int32 biases."""
        empty = np.zeros(0, np.int64)
        tensors = trained_tensors(self.program.graph)
        w = [self._masters[t.node].ravel() for t in tensors if not t.is_bias]
        b = [self._parameters[t.node].bias for t in tensors if t.is_bias]
        return np.concatenate([empty, *w]), np.concatenate([empty, *b])

    def digest(self) -> str:
        """CRC-32 over the planes w, f, b: what a device reports as its weights digest."""
        w, f, b = self.planes()
        return f"{zlib.crc32(w + f + b):08x}"
