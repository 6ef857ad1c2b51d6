"""Lifelong learning on sensors that age: 36 months of gas sensors, five labels a class and batch.

python -m benchmarks.gas_stream [--data FILE] [--seeds S ...] [--store N] [--epochs E] [--lr-shift K]

Vergara et al., "Chemical gas sensor drift compensation using classifier ensembles", 2012. A network learned the earlier
half of batch 1 and ships; then the batches come one after the other. Of each the device is told five samples a class,
spread over the earlier half, and is judged on the later half. "fine-tune" learns those alone; "store" is the device
core itself, whose class-balanced store brings old samples back. Both in integers and in float32: the same samples in
the same order.
"On the way" is each batch right after its labels, the mean of all but the first; "at the end" all of these after the
last one; "first" is batch 1 at the end.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.gas_data import CLASSES, Gas, Part, load_gas
from coordinator.orders import RoundOrder, Status
from examples.drifting_nose.network import network
from simulations.pretrain import Recipe, train_float
from tests.device.store_reference import store_reference
from tinyfl.boards.host import build_host
from tinyfl.boards.native_net import NativeNet, build_native
from tinyfl.boards.recordings import Recordings, labelled, write_recordings
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.float_twin import FloatTwin
from tinyfl.compiler.frontends.torch import import_torch
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.quantize import to_int8
from tinyfl.compiler.sample_order import epoch_order
from tinyfl.gateway.ledger import Ledger
from tinyfl.gateway.sessions import DeviceSession
from tinyfl.gateway.worker import run_order
from tinyfl.link.inprocess import DeviceFiles, DeviceLibrary, InProcessLink
from tinyfl.types import FloatArray, Graph, IntArray, LayerUpdate, UpdateScheme

PER_CLASS = 5
RATE = 2.0**-6
DATA = Path("../shared/data/gas_sensor_drift.npz")
Judge = Callable[[FloatArray], IntArray]
"""The gases that an arm takes samples [N, features] for."""


@dataclass(frozen=True)
class Shipped:
    """What every arm starts from."""

    gas: Gas
    graph: Graph
    scheme: UpdateScheme
    bundle: Bundle
    seed: int

    def integers(self, x: FloatArray) -> IntArray:
        """Samples in the network's int8 input."""
        graph = self.bundle.program.graph
        return to_int8(image(x), graph.quant[graph.input])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--store", type=int, default=120, help="samples the device's store holds")
    parser.add_argument("--epochs", type=int, default=20, help="of each batch")
    parser.add_argument("--lr-shift", type=int, default=0, help="rate 2^-6 times 2^-K")
    options = parser.parse_args()
    if not options.data.is_file():
        parser.error(f"there are no recordings at {options.data}; give --data FILE")
    torch.set_num_threads(1)
    gas = load_gas(options.data, PER_CLASS)
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for seed in options.seeds:
        shipped = ship(gas, seed)
        learn = options.epochs, options.lr_shift
        arms = {
            "frozen, int8": frozen(shipped),
            "fine-tune, int8": fine_tune(shipped, *learn),
            "fine-tune, float32": in_float(shipped, alone(shipped), *learn),
            "store, int8": with_store(shipped, options.store, *learn),
            "store, float32": in_float(shipped, stored(shipped, options.store), *learn),
        }
        for name, arm in arms.items():
            rows.setdefault(name, []).append(stream(gas, arm))
    print(f"| {len(options.seeds)} seeds | on the way | at the end | first |\n|---|---:|---:|---:|")
    for name, results in rows.items():
        table = 100 * np.array(results)
        spread = table.std(axis=0, ddof=1) if len(table) > 1 else np.zeros(3)
        print(f"| {name} |", " | ".join(f"{m:.1f} ± {s:.1f}" for m, s in zip(table.mean(0), spread, strict=True)), "|")


def ship(gas: Gas, seed: int) -> Shipped:
    """Pre-train on what is known at the factory, and compile; every layer trains, and stays on the device."""
    x, y = gas.shipped.x, gas.shipped.y
    recipe = Recipe(60, 3e-3, augment=lambda batch: batch + 0.2 * torch.randn_like(batch))
    module = train_float(network, x[:, None, :].astype(np.float32), y, CLASSES, recipe, seed)
    graph = import_torch(module, torch.zeros(1, x.shape[1], 1))
    scheme = UpdateScheme(tuple(LayerUpdate(n.name, 1.0, shared=False) for n in graph.nodes if n.weight is not None))
    return Shipped(gas, graph, scheme, compile_graph(graph, scheme, image(x), y, learning_rate=RATE), seed)


def image(x: FloatArray) -> FloatArray:
    """Samples as the network takes them: [N, 1, 1, features]."""
    return x[:, None, None, :]


def stream(gas: Gas, arm: Iterator[Judge]) -> tuple[float, float, float]:
    """Accuracies on the way, at the end and on the first batch of an arm: as shipped, then after each batch."""
    next(arm)
    way, judge = [], None
    for judge, part in zip(arm, gas.judged[1:], strict=True):
        way.append(accuracy(judge, part))
    assert judge is not None
    first, *others = [accuracy(judge, part) for part in gas.judged]
    return float(np.mean(way)), float(np.mean(others)), first


def accuracy(judge: Judge, part: Part) -> float:
    """Share of a part's samples whose gas is right."""
    return float((judge(part.x) == part.y).mean())


def judge_of(shipped: Shipped, net: NativeNet) -> Judge:
    """What the integer network says at present."""
    return lambda x: net.logits(shipped.integers(x)).argmax(1)


def frozen(shipped: Shipped) -> Iterator[Judge]:
    """The network as shipped, for ever."""
    net = NativeNet(build_native(shipped.bundle), shipped.seed)
    for _ in shipped.gas.judged:
        yield judge_of(shipped, net)


def fine_tune(shipped: Shipped, epochs: int, lr_shift: int) -> Iterator[Judge]:
    """The integer kernel on what it is told of each batch, and nothing else."""
    net = NativeNet(build_native(shipped.bundle), shipped.seed, lr_shift)
    yield judge_of(shipped, net)
    for number, lesson in enumerate(alone(shipped), 1):
        for epoch in range(epochs):
            net.learn(shipped.integers(lesson.x), lesson.y, epoch_order(shipped.seed, number, epoch, len(lesson.y)))
        yield judge_of(shipped, net)


def with_store(shipped: Shipped, capacity: int, epochs: int, lr_shift: int) -> Iterator[Judge]:
    """The device itself: its labels arrive round by round, its store keeps what it can."""
    gas, net = shipped.gas, NativeNet(build_native(shipped.bundle), shipped.seed)
    rounds = np.concatenate([np.full(len(part.y), i) for i, part in enumerate(gas.told, 1)])
    x = np.concatenate([shipped.integers(part.x) for part in gas.told])
    none = labelled(np.zeros((0, x[0].size), np.int8), np.zeros(0, np.uint16))
    wearer = labelled(x, np.concatenate([part.y for part in gas.told]), rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_bundle(shipped.bundle, capacity, folder / "network")
        write_recordings(Recordings(wearer, none, none, none), folder / "recordings")
        library = DeviceLibrary(build_host(folder / "network", grad_bits=shipped.bundle.program.grad_bits).library)
        files = DeviceFiles(folder / "recordings")
        link = InProcessLink(library, "nose", files, seed=shipped.seed, capacity=capacity)
        session, ledger = DeviceSession("nose", lambda: link), Ledger()
        yield judge_of(shipped, net)
        for number in range(1, len(gas.told) + 1):
            report = run_order(session, personal(shipped, number, epochs, lr_shift), ledger)
            if report.status is not Status.DONE:
                raise RuntimeError(report.events[-1])
            net.w[:], net.f[:], net.b[:] = link.weights()
            yield judge_of(shipped, net)
        session.close()


def personal(shipped: Shipped, number: int, epochs: int, lr_shift: int) -> RoundOrder:
    """A round of which nothing leaves the device."""
    scheme = shipped.bundle.scheme_id
    return RoundOrder(number, scheme, 0, np.zeros(0, np.int32), 0, (), epochs, lr_shift, False, False, (), ("nose",))


def alone(shipped: Shipped) -> Iterator[Part]:
    """What there is to learn of each batch without a store."""
    yield from shipped.gas.told


def stored(shipped: Shipped, capacity: int) -> Iterator[Part]:
    """What the device's store holds after the labels of each batch, in the order of its slots."""
    told = shipped.gas.told
    x, y = (np.concatenate([getattr(part, name) for part in told]) for name in ("x", "y"))
    known = 0
    for part in told:
        known += len(part.y)
        slots = store_reference([(int(label), 0) for label in y[:known]], capacity, shipped.seed)
        rows = [number for _, _, number in slots]
        yield Part(x[rows], y[rows])


def in_float(shipped: Shipped, lessons: Iterator[Part], epochs: int, lr_shift: int) -> Iterator[Judge]:
    """The same lessons by torch in float32, in the device's order."""
    twin = FloatTwin(shipped.graph, shipped.scheme, RATE * 2.0**-lr_shift)

    def judge(x: FloatArray) -> IntArray:
        with torch.no_grad():
            return twin.logits(torch.from_numpy(image(x).astype(np.float32))).argmax(1).numpy()

    yield judge
    for number, lesson in enumerate(lessons, 1):
        twin.learn(
            torch.from_numpy(image(lesson.x).astype(np.float32)), lesson.y.tolist(), shipped.seed, number, epochs
        )
        yield judge


if __name__ == "__main__":
    main()
