"""Everything before the first round: people, float pre-training, compilation, the host build, recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulations.pretrain import Factory, Recipe, train_float
from simulations.scenario import Network, Scenario
from simulations.user_network import load_network
from simulations.wearers import People, people
from tinyfl.boards.esp32s3.sensor import SENSOR_FILE, sensor_toml
from tinyfl.boards.host import HostBuild, build_host
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.data import load_dataset
from tinyfl.data.dataset import Windows
from tinyfl.errors import ScenarioError
from tinyfl.progress import Progress
from tinyfl.types import Graph, UpdateScheme

if TYPE_CHECKING:
    import torch

IMU_CHANNELS = 6


@dataclass(frozen=True)
class Prepared:
    """What every engine and every arm starts from."""

    scenario: Scenario
    people: People
    factory: Factory
    module: torch.nn.Module
    graph: Graph
    bundle: Bundle
    build: HostBuild
    folder: Path

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in order."""
        return tuple(w.name for w in self.people.wearers)

    def seed_of(self, device: str) -> int:
        """Seed of a device's stochastic rounding and order of learning."""
        return 1000 * self.scenario.seed + self.devices.index(device)


def prepare(scenario: Scenario, folder: Path, progress: Progress) -> Prepared:
    """Pre-train, compile and build into ``folder``; raises a TinyflError."""
    with progress.task("reading the recordings"):
        dataset = load_dataset(scenario.data.dataset)
        everybody = people(scenario, dataset)
        if scenario.network.augment == "imu" and len(dataset.channels) != IMU_CHANNELS:
            raise ScenarioError(
                f'scenario {scenario.name}: augment = "imu" turns {IMU_CHANNELS} channels, three of acceleration and '
                f"three of rotation, and data set {dataset.name} has {len(dataset.channels)}; leave it out"
            )
    with progress.task(f"pre-training on {scenario.data.pretrain_users} people"):
        factory = load_network(
            scenario.network.model, len(dataset.channels), scenario.data.window, len(dataset.classes)
        )
        module = pretrain(scenario.network, everybody.pretrain, len(dataset.classes), factory, scenario.seed)
    with progress.task("compiling the training kernel"):
        graph = import_module(module, everybody.pretrain)
        scheme = parse_scheme(scenario.network.scheme, graph)
        bundle = compile_for(scenario.network, everybody.pretrain, graph, scheme)
        network = folder / "network"
        norm = everybody.normalisation
        sensor = sensor_toml(dataset.rate_hz, scenario.data.wearer_hop, norm.mean, norm.std)
        write_bundle(bundle, scenario.store.capacity, network, {SENSOR_FILE: sensor})
        build = build_host(network, grad_bits=bundle.program.grad_bits)
    return Prepared(scenario, everybody, factory, module, graph, bundle, build, folder)


def pretrain(net: Network, shipped: Windows, classes: int, factory: Factory, seed: int) -> torch.nn.Module:
    """The float network that ships."""
    from simulations.augment import AUGMENTS

    recipe = Recipe(net.pretrain_epochs, net.pretrain_rate, augment=AUGMENTS[net.augment])
    return train_float(factory, shipped.x, shipped.y, classes, recipe, seed)


def import_module(module: torch.nn.Module, shipped: Windows) -> Graph:
    """The trained module as a graph."""
    import torch

    from tinyfl.compiler.frontends.torch import import_torch

    _, length, channels = shipped.x.shape
    return import_torch(module, torch.zeros(1, channels, length))


def compile_for(net: Network, shipped: Windows, graph: Graph, scheme: UpdateScheme) -> Bundle:
    """Compile with the windows of pre-training as calibration samples."""
    return compile_graph(
        graph,
        scheme,
        shipped.x[:, None].astype(np.float64),
        shipped.y,
        learning_rate=net.learning_rate,
        grad_bits=net.grad_bits,
        margin=net.grad_margin,
    )
