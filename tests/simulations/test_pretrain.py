"""Float training on the host: the same bits every time, whatever the number of windows."""

import numpy as np
import pytest
import torch
from small import net
from torch import nn

from simulations.pretrain import Recipe, accuracy, reproducible, train_float


def windows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (np.arange(count) % 3).astype(np.int64)
    x = rng.normal(size=(count, 24, 2)) + y[:, None, None]
    return x.astype(np.float32), y


def state(module: nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in module.state_dict().items()}


def shaken(x: torch.Tensor) -> torch.Tensor:
    return x + 0.1 * torch.randn_like(x)


def test_a_second_run_gives_the_same_bits_and_another_seed_does_not() -> None:
    x, y = windows(70)
    recipe = Recipe(3, 3e-3, augment=shaken)
    first = state(train_float(net, x, y, 3, recipe, seed=4))
    torch.rand(17)  # whatever else draws in this process
    threads = torch.get_num_threads()
    assert state(train_float(net, x, y, 3, recipe, seed=4)) == first
    assert state(train_float(net, x, y, 3, recipe, seed=5)) != first
    assert torch.get_num_threads() == threads


def test_the_callers_generator_and_settings_come_back() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3).tolist()
    torch.manual_seed(11)
    with reproducible(4):
        torch.rand(5)
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.rand(3).tolist() == expected
    assert not torch.are_deterministic_algorithms_enabled()


def normalising(channels: int, length: int, classes: int) -> nn.Module:
    """Batch norm over the batch alone: a batch of one cannot be normalised."""
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(channels * length), nn.Linear(channels * length, classes))


@pytest.mark.parametrize("count", [2, 7, 8, 9, 15, 16, 22, 29, 33])
def test_a_last_batch_of_one_is_left_out(count: int) -> None:
    x, y = windows(count)
    module = train_float(normalising, x, y, 3, Recipe(2, 1e-2, batch=7), seed=1)
    assert all(torch.isfinite(p).all() for p in module.parameters())
    assert int(module[1].num_batches_tracked) == 2 * (-(-count // 7) - (count % 7 == 1 and count > 1))


@pytest.mark.parametrize("steps", range(1, 13))
def test_any_number_of_steps_can_be_scheduled(steps: int) -> None:
    x, y = windows(6)
    module = train_float(net, x, y, 3, Recipe(steps, 1e-3, batch=7), seed=1)
    assert all(torch.isfinite(p).all() for p in module.parameters())


def test_it_learns_and_comes_back_in_eval_mode() -> None:
    x, y = windows(90)
    module = train_float(net, x, y, 3, Recipe(20, 1e-2), seed=2)
    assert not module.training
    later_x, later_y = windows(60, seed=9)
    scores = module(torch.from_numpy(np.ascontiguousarray(later_x.transpose(0, 2, 1)))).argmax(1).numpy()
    by_hand = sum(int(a == b) for a, b in zip(scores, later_y, strict=True)) / 60
    assert accuracy(module, later_x, later_y) == by_hand
    assert by_hand > 0.9
