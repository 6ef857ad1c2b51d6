"""A million frames on a line of the worst kind."""

import re
import subprocess

from benchmarks.bad_line import bad_line

RESULT = re.compile(
    r"(\d+) frames, (\d+) messages, (\d+) bytes in (\d+) s of line; "
    r"longest wait for a message (\d+) ms; bad frames (\d+)\n"
)


def test_a_million_frames_lose_double_and_alter_nothing() -> None:
    done = subprocess.run([bad_line(), "1000000", "20261124"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    found = RESULT.fullmatch(done.stdout)
    assert found
    frames, messages, _, _, longest, bad = map(int, found.groups())
    assert frames >= 1_000_000
    assert messages > 20_000
    assert longest < 30_000
    assert bad > frames / 5  # it was a bad line
