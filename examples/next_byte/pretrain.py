"""Float training of the network that ships, on English; kept in the run's folder, because it takes minutes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from examples.next_byte.networks import network
from examples.next_byte.scenario import Scenario
from examples.next_byte.texts import english
from simulations.pretrain import reproducible
from tinyfl.progress import Progress

_RATE = 4e-3
_BATCH = 32
_REPORT = 50


def pretrained(scenario: Scenario, folder: Path, progress: Progress) -> nn.Module:
    """The trained network in eval mode; from ``folder``, if it was trained there with the same settings."""
    settings = scenario.network.model_dump()
    file = folder / f"{scenario.network.kind}.pt"
    module = network(scenario.network.kind, scenario.network.context)
    if file.is_file():
        kept = torch.load(file, weights_only=True)
        if kept["settings"] == settings:
            module.load_state_dict(kept["state"])
            return module.eval()
    module = _trained(scenario, progress)
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    torch.save({"settings": settings, "state": module.state_dict()}, part)
    part.replace(file)
    return module.eval()


def _trained(scenario: Scenario, progress: Progress) -> nn.Module:
    net = scenario.network
    text = torch.from_numpy(english().astype("int64"))
    with reproducible(scenario.seed):
        module = network(net.kind, net.context)
        optimiser = torch.optim.AdamW(module.parameters(), lr=_RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=net.pretrain_steps)
        with progress.task(f"the {net.kind} learns English", net.pretrain_steps // _REPORT) as task:
            for step in range(net.pretrain_steps):
                starts = torch.randint(len(text) - net.context, (_BATCH,))
                windows = text[starts[:, None] + torch.arange(net.context + 1)]
                scores = module(windows[:, :-1])
                loss = nn.functional.cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten())
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                nn.utils.clip_grad_norm_(module.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                if step % _REPORT == _REPORT - 1:
                    task.advance()
    return module
