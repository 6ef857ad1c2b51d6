"""A user's TOML file as a model, or one sentence about its first mistake."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from tinyfl.errors import DataError

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path, kind: type[Model], what: str) -> Model:
    """The file as ``kind``; ``DataError`` that calls it ``what`` and names the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return kind.model_validate(table)
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        key = ".".join(str(part) for part in first["loc"])
        message = {"extra_forbidden": "is no key of it", "missing": "is missing"}.get(first["type"], first["msg"])
        raise DataError(f"{what} {path}: {key} {message}; correct it (docs/esp32s3.md)") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{what} {path} cannot be read: {error}") from error
