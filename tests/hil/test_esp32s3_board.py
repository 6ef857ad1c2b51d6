"""An ESP32-S3 on this machine's USB: boots, says hello, learns as the host does, survives resets (README.md)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from board_checks import NAME, check_hello, check_rounds, random_recordings
from esp32s3_board import Esp32S3, find_port, missing

from tinyfl.compiler.bundle import load_bundle

REASON = missing()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
LOG_PORT = os.environ.get("TINYFL_HIL_LOG_PORT")
ON_THE_LOGS_PORT = (  # read by pytest-embedded, whose fixtures these are
    pytest.mark.parametrize(("embedded_services", "port"), [("serial", LOG_PORT)], indirect=True)
    if LOG_PORT is not None and not REASON
    else pytest.mark.skip(REASON or "TINYFL_HIL_LOG_PORT names no port with the log")
)


@pytest.fixture(scope="module")
def network() -> Path:
    return Path(os.environ["TINYFL_HIL_NETWORK"])


@pytest.fixture(scope="module")
def recordings(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_recordings(load_bundle(network), tmp_path_factory.mktemp("hil") / "recordings")


@pytest.fixture(scope="module")
def board(network: Path, recordings: Path) -> Esp32S3:
    board = Esp32S3(network, str(find_port()))
    board.make_anew(recordings)
    return board


def test_it_boots_and_says_hello(board: Esp32S3) -> None:
    check_hello(board)


def test_rounds_are_the_hosts_bit_for_bit_through_resets(board: Esp32S3, network: Path, recordings: Path) -> None:
    check_rounds(board, network, recordings)


@ON_THE_LOGS_PORT
def test_the_log_says_who_runs(board: Esp32S3, dut: Any) -> None:
    board.reset()
    dut.expect_exact(f"{NAME} runs with recordings", timeout=20)
