"""C expressions for the buffers of a program and the parameters of its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tinyfl.compiler.layout import TrainedTensor, trained_tensors
from tinyfl.compiler.rows import row_bytes
from tinyfl.ops import weighted
from tinyfl.types import Int8Node, MemoryPlan, Program


@dataclass(frozen=True)
class Names:
    """How generated C refers to what a program consists of; ``net``, ``x`` and ``logits`` are in scope there."""

    program: Program
    plan: MemoryPlan

    @cached_property
    def tensors(self) -> tuple[TrainedTensor, ...]:
        """Trained tensors in plane order."""
        return trained_tensors(self.program.graph)

    @cached_property
    def plane_offset(self) -> dict[tuple[int, bool], int]:
        """Where the trained weights (False) or biases (True) of a node begin in their plane."""
        return {(t.node, t.is_bias): t.offset for t in self.tensors}

    def at(self, name: str) -> str:
        """Address of a buffer, untyped bytes."""
        return f"net->arena + {self.plan.placements[name].offset}"

    def pointer(self, name: str) -> str:
        """Address of a buffer in the type that kernels want."""
        if name == self.program.graph.input:
            return "x"
        if name == "scratch:loss":
            return f"(uint32_t *)(void *)({self.at(name)})"
        if name.startswith(("grad:", "kept:")):
            return f"(tf_grad *)(void *)({self.at(name)})"
        if name.startswith(("scratch:", "mask:")):
            return self.at(name)
        if name == self.program.graph.output:
            return "logits"
        return f"(int8_t *)({self.at(name)})"

    def scratch(self, names: tuple[str, ...]) -> str:
        """Address of the scratch among the buffers that a step writes; a null pointer if there is none."""
        return next((self.at(n) for n in names if n.startswith("scratch:")), "0")

    def rows(self, tensor: str, reader: Int8Node | None) -> str:
        """Initialiser of the rows of a tensor, or of its ring; ``reader`` may see another image in it."""
        graph = self.program.graph
        ring = f"ring:{tensor}"
        if ring in self.program.buffer_bytes:
            width = row_bytes(graph, tensor)
            count = self.program.buffer_bytes[ring] // width
            return f"{{{self.pointer(ring)}, {width}, {count}}}"
        h, w, c = graph.shapes[tensor]
        if reader is not None and reader.window is not None and reader.window.in_shape != (h, w, c):
            h, w, c = reader.window.in_shape
        return f"{{{self.pointer(tensor)}, {w * c}, {h}}}"

    def rows_out(self, n: Int8Node) -> str:
        """Initialiser of the rows that a node writes; its window may see another image in its output."""
        if n.window is None or n.window.out_shape == self.program.graph.shapes[n.output]:
            return self.rows(n.output, None)
        return f"{{{self.pointer(n.output)}, {n.window.out_w * n.window.out_c}, {n.window.out_h}}}"

    def weights(self, n: Int8Node, biased: bool = True) -> str:
        """Declaration of a node's tf_weights, pointing into the planes for what trains; in flash where nothing does.

        Without ``biased`` it is for an input gradient, which reads no bias.
        """
        assert n.weight is not None
        trained = f"net->w + {self.plane_offset[n.index, False]}" if n.trained_in_c else "0"
        whole = n.trained_in_c and not weighted(n.op).sub_channels
        frozen = "0" if whole or n.trained_in_c == n.weight.shape[-1] else f"n{n.index}_frozen"
        bias = f"net->b + {self.plane_offset[n.index, True]}" if n.bias_trained else f"n{n.index}_bias"
        if n.bias is None or not n.bias.size:
            bias = "0"
        place = "" if n.trained_in_c or (biased and n.bias_trained) else "static "
        return f"{place}const tf_weights n{n.index}_wt = {{{trained}, {frozen}, {bias if biased else '0'}}};"
