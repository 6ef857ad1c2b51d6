"""Makes the C codec of ``device_fw/gen`` from ``tinyfl.cddl``: ``python -m tinyfl.wire.generate [--check]``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tinyfl.boards.firmware import firmware_dir
from tinyfl.errors import TinyflError, ToolError
from tinyfl.wire.zcbor_runtime import zcbor_runtime

SCHEMA = Path(__file__).with_name("tinyfl.cddl")
GENERATED = firmware_dir() / "gen"
HEADER = "From tinyfl/wire/tinyfl.cddl by tinyfl.wire.generate: change those, not this file."
# zcbor gives every decoder the same parameters and checks lower bounds of zero.
QUIET = "".join(f'#pragma GCC diagnostic ignored "-W{name}"\n' for name in ("unused-parameter", "type-limits"))
FILES = (
    "tf_messages_types.h",
    "tf_messages_decode.h",
    "tf_messages_decode.c",
    "tf_messages_encode.h",
    "tf_messages_encode.c",
)


def generate(directory: Path) -> None:
    """Writes the codec into ``directory``. Raises :class:`ToolError` if zcbor is missing or rejects the schema."""
    zcbor_runtime()
    stem = directory / "tf_messages"
    command = [
        sys.executable,
        "-c",
        "from zcbor.zcbor.zcbor import main; main()",
        "code",
        "--cddl",
        SCHEMA.name,
        "--decode",
        "--encode",
    ]
    command += ["--short-names", "--entry-types", "request", "answer", "--file-header", HEADER]
    command += ["--output-c", f"{stem}.c", "--output-h", f"{stem}.h", "--output-h-types", f"{stem}_types.h"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCHEMA.parent)
    if result.returncode != 0:
        raise ToolError(f"zcbor could not generate C from {SCHEMA.name}: {result.stderr.strip()[-400:]}")
    for name in FILES:
        path = directory / name
        lines = [line.rstrip() for line in path.read_text().splitlines()]
        quiet = QUIET if name.endswith(".c") else ""
        path.write_text(quiet + "\n".join(lines).rstrip() + "\n")


def outdated() -> list[str]:
    """Names of the checked-in files that differ from what the schema gives."""
    with tempfile.TemporaryDirectory() as directory:
        generate(Path(directory))
        return [
            name
            for name in FILES
            if not (GENERATED / name).is_file()
            or (GENERATED / name).read_text() != (Path(directory) / name).read_text()
        ]


def main() -> int:
    """Regenerates, or with ``--check`` only says which files are not current (exit code 1)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is not current")
    arguments = parser.parse_args()
    try:
        if not arguments.check:
            GENERATED.mkdir(parents=True, exist_ok=True)
            generate(GENERATED)
            return 0
        stale = outdated()
    except TinyflError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for name in stale:
        print(f"{name} is not what {SCHEMA.name} gives: run python -m tinyfl.wire.generate.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
