"""Everything before the first round: people, float pre-training, compilation, the host build, recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulations.pretrain import Factory, Recipe, train_float
from simulations.scenario import Scenario
from simulations.user_network import load_network
from simulations.wearers import People, people
from tinyfl.boards.esp32s3.sensor import SENSOR_FILE, sensor_toml
from tinyfl.boards.host import HostBuild, build_host
from tinyfl.compiler.bundle import Bundle
from tinyfl.compiler.command import write_bundle
from tinyfl.compiler.pipeline import compile_graph
from tinyfl.compiler.scheme import parse_scheme
from tinyfl.data import load_dataset
from tinyfl.errors import ScenarioError
from tinyfl.progress import Progress
from tinyfl.types import Graph

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
        factory = load_network(scenario, len(dataset.channels), len(dataset.classes))
        module = pretrain(scenario, everybody, factory)
    with progress.task("compiling the training kernel"):
        graph = import_module(module, everybody)
        bundle = compile_for(scenario, everybody, graph)
        network = folder / "network"
        norm = everybody.normalisation
        sensor = sensor_toml(dataset.rate_hz, scenario.data.wearer_hop, norm.mean, norm.std)
        write_bundle(bundle, scenario.store.capacity, network, {SENSOR_FILE: sensor})
        build = build_host(network, grad_bits=bundle.program.grad_bits)
    return Prepared(scenario, everybody, factory, module, graph, bundle, build, folder)


def pretrain(scenario: Scenario, everybody: People, factory: Factory) -> torch.nn.Module:
    """The float network that ships."""
    from simulations.augment import augment_imu

    net = scenario.network
    recipe = Recipe(net.pretrain_epochs, net.pretrain_rate, augment=augment_imu if net.augment == "imu" else None)
    x, y = everybody.pretrain.x, everybody.pretrain.y
    return train_float(factory, x, y, len(everybody.dataset.classes), recipe, scenario.seed)


def import_module(module: torch.nn.Module, everybody: People) -> Graph:
    """The trained module as a graph."""
    import torch

    from tinyfl.compiler.frontends.torch import import_torch

    _, length, channels = everybody.pretrain.x.shape
    return import_torch(module, torch.zeros(1, channels, length))


def compile_for(scenario: Scenario, everybody: People, graph: Graph) -> Bundle:
    """Compile with the people's windows as calibration samples."""
    net = scenario.network
    return compile_graph(
        graph,
        parse_scheme(net.scheme, graph),
        everybody.pretrain.x[:, None].astype(np.float64),
        everybody.pretrain.y,
        learning_rate=net.learning_rate,
        grad_bits=net.grad_bits,
        margin=net.grad_margin,
    )
