"""Augmentation turns and stretches, it never mirrors: a mirrored wrist would give the scenario's answer away."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulations.augment import TURN_DEGREES, augment_imu


def turns(seed: int, count: int) -> torch.Tensor:
    """The rotation [N, 3, 3] applied to each of ``count`` windows, found by least squares without noise's help.

    Constant windows are unchanged by stretching, so every sample is an independent look at the same turn.
    """
    basis = 100 * torch.eye(3)  # strong against the noise of 0.05
    out = []
    for axis in range(3):
        torch.manual_seed(seed)
        x = torch.zeros(count, 6, 400)
        x[:, :3] = basis[axis].view(1, 3, 1)
        out.append(augment_imu(x)[:, :3].mean(dim=2) / 100)
    return torch.stack(out, dim=2)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31))
def test_every_turn_is_a_proper_rotation(seed: int) -> None:
    turn = turns(seed, 32)
    assert torch.allclose(torch.linalg.det(turn), torch.ones(32), atol=1e-2)
    assert torch.allclose(turn @ turn.transpose(1, 2), torch.eye(3).expand(32, 3, 3), atol=1e-2)


def test_turns_are_small_and_of_the_stated_size() -> None:
    turn = turns(3, 2000)
    trace = turn.diagonal(dim1=1, dim2=2).sum(dim=1)
    degrees = torch.rad2deg(torch.arccos(((trace - 1) / 2).clamp(-1, 1)))
    # |N(0, s)| has the mean s sqrt(2 / pi)
    assert abs(float(degrees.mean()) - TURN_DEGREES * math.sqrt(2 / math.pi)) < 1.0
    assert float(degrees.max()) < 90
    mean_turn = turn.mean(dim=0)
    assert torch.allclose(mean_turn, mean_turn.diagonal().diag(), atol=0.02), "turns have a preferred direction"
    assert float(mean_turn.diagonal().min()) > 0.9


def test_acceleration_and_rotation_rate_are_turned_alike() -> None:
    torch.manual_seed(0)
    x = torch.zeros(500, 6, 200)
    x[:, 0] = x[:, 3] = 100.0
    y = augment_imu(x).mean(dim=2)
    cosine = torch.nn.functional.cosine_similarity(y[:, :3], y[:, 3:])
    assert float(cosine.min()) > 0.999
    scale = y[:, 3:].norm(dim=1) / y[:, :3].norm(dim=1)
    assert 0.1 < float(scale.std()) < 0.2
    assert abs(float(scale.mean()) - 1) < 0.03


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(2, 90), st.integers(0, 2**31))
def test_windows_keep_their_shape_and_stay_finite(count: int, length: int, seed: int) -> None:
    torch.manual_seed(seed)
    x = torch.randn(count, 6, length)
    before = x.clone()
    y = augment_imu(x)
    assert y.shape == x.shape
    assert torch.isfinite(y).all()
    assert torch.equal(x, before)


def test_time_is_stretched_about_the_middle_and_never_reversed() -> None:
    torch.manual_seed(1)
    ramp = (torch.arange(100.0) - 50).view(1, 1, 100).expand(400, 6, 100).contiguous()
    y = augment_imu(ramp).norm(dim=1)  # of the turned ramp: its magnitude is least where time stands still
    assert abs(int(y.argmin(dim=1).float().mean()) - 50) <= 1
    x = torch.zeros(400, 6, 100)
    x[:, :, 60:] = 100.0
    stepped = augment_imu(x).norm(dim=1)
    at = (stepped > 50).float().argmax(dim=1)
    assert 55 <= int(at.min()) < int(at.max()) <= 65
