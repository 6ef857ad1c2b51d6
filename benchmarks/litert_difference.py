"""How far the integers of an imported `.tflite` network lie from LiteRT's reference kernels: a table for each network.

    python benchmarks/litert_difference.py NETWORK.tflite ... --images ../shared/data/flowers12_224_jpeg.npz

"Alone": each operator on LiteRT's own inputs of it; "together": the whole network on the image. In steps of the
output's scale; class scores in nats. The images are random, or those of an NPZ file with `jpeg` and `offset`, resized
to the input. Channels whose sums leave LiteRT's 32 bits (dead ones with a bias at the rail) are counted and left out
of "alone".
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

from tinyfl.compiler.frontends.tflite import import_tflite
from tinyfl.compiler.frontends.tflite_reader import File, read_tflite
from tinyfl.compiler.gradients import integer_activations, parameters_of
from tinyfl.compiler.quantize import quantize, to_int8
from tinyfl.ops import OPS
from tinyfl.types import FloatArray, Int8Graph, IntArray, UpdateScheme


@dataclass
class Reference:
    """A network as LiteRT runs it, and as imported.

    ``overflows`` are the channels whose sums LiteRT cannot hold, by tensor.
    """

    path: Path

    def __post_init__(self) -> None:
        self.graph = imported(self.path)
        self.file = read_tflite(self.path)
        self.overflows = overflowing(self.file)
        self.interpreter = Interpreter(
            str(self.path),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        self.interpreter.allocate_tensors()
        self.places = {t.name: t.index for t in (t for op in self.file.operators for t in op.outputs)}
        self.places[self.graph.input] = self.file.inputs[0].index

    def run(self, x: IntArray) -> dict[str, IntArray]:
        """LiteRT's values of every tensor of the imported graph for one int8 sample [1, H, W, C]."""
        source = self.interpreter.get_input_details()[0]
        self.interpreter.set_tensor(source["index"], x.reshape(source["shape"]).astype(np.int8))
        self.interpreter.invoke()
        shapes = self.graph.shapes
        found = {t: self.interpreter.get_tensor(self.places[t]) for t in shapes}
        return {t: v.reshape(1, *shapes[t]).astype(np.int64) for t, v in found.items()}

    def alone(self, values: dict[str, IntArray]) -> Iterator[tuple[str, IntArray]]:
        """For each operator but the classifier how far its result on LiteRT's inputs lies from LiteRT's, in steps."""
        for n in self.graph.nodes[:-1]:
            y = OPS[n.op].output(n, parameters_of(n), [values[t] for t in n.inputs])
            difference = np.abs(y - values[n.output])
            yield n.name, np.delete(difference, self.overflows.get(n.output, []), axis=3)

    def scores(self, values: dict[str, IntArray], logits: IntArray) -> FloatArray:
        """How far the class scores lie apart, in nats."""
        last = next(t for op in self.file.operators for t in op.outputs if t.name == self.graph.output)
        theirs = (values[self.graph.output].ravel() - last.zero_points[0]) * last.scales[0]
        return np.abs(logits.ravel() / 16 - theirs)


def imported(path: Path) -> Int8Graph:
    """The int8 graph of a file, nothing of it trained."""
    graph = import_tflite(path)
    return quantize(graph, UpdateScheme(()), np.zeros((1, *graph.shapes[graph.input])))


def overflowing(file: File) -> dict[str, list[int]]:
    """Output channels by tensor for which bias and products may together leave 32 bits."""
    found = {}
    for op in file.operators:
        if op.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") or op.inputs[2] is None:
            continue
        weight, bias = op.inputs[1].data.astype(np.int64), op.inputs[2].data.astype(np.int64)
        axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
        sums = np.abs(weight).sum(axis=tuple(a for a in range(weight.ndim) if a != axis))
        channels = np.flatnonzero(np.abs(bias) + 255 * sums >= 1 << 31)
        if len(channels):
            found[op.outputs[0].name] = channels.tolist()
    return found


def images(graph: Int8Graph, file: Path | None, count: int) -> IntArray:
    """Samples in the network's int8 scale."""
    h, w, c = graph.shapes[graph.input]
    if file is None:
        return np.random.default_rng(0).integers(-128, 128, (count, h, w, c))
    with np.load(file) as archive:
        jpeg, offset = archive["jpeg"].tobytes(), archive["offset"]
    chosen = np.linspace(0, len(offset) - 2, count).astype(int)
    raw = [Image.open(io.BytesIO(jpeg[offset[i] : offset[i + 1]])).convert("RGB").resize((w, h)) for i in chosen]
    return to_int8(np.stack([np.asarray(r, np.float64) for r in raw]) / 127.5 - 1, graph.quant[graph.input])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", type=Path, nargs="+")
    parser.add_argument("--images", type=Path)
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    for path in options.networks:
        report(Reference(path), images(imported(path), options.images, options.count))


def report(reference: Reference, samples: IntArray) -> None:
    graph = reference.graph
    alone: list[IntArray] = []
    together: list[IntArray] = []
    scores: list[FloatArray] = []
    agreed = 0
    for x in samples:
        values = reference.run(x[None])
        alone += [difference.ravel() for _, difference in reference.alone(values)]
        ours = integer_activations(graph, x[None])
        inner = graph.nodes[-1].inputs[0]
        together.append(np.abs(ours[inner] - values[inner]).ravel())
        scores.append(reference.scores(values, ours[graph.output]))
        agreed += int(ours[graph.output].argmax() == values[graph.output].argmax())
    print(f"{reference.path.name}: {len(samples)} images, {len(graph.nodes)} operators")
    count = sum(map(len, reference.overflows.values()))
    print(f"  channels that overflow LiteRT's sums: {count}")
    row("alone, in steps", alone)
    row("together, last features, in steps", together)
    row("together, class scores, in nats", scores)
    print(f"  same class: {agreed} of {len(samples)}")


def row(what: str, differences: list[IntArray] | list[FloatArray]) -> None:
    everything = np.concatenate([d.ravel() for d in differences])
    print(f"  {what}: largest {everything.max():.3g}, mean {everything.mean():.4g}")


if __name__ == "__main__":
    main()
