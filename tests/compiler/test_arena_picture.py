"""The picture of the arena: a box for every buffer, and one sentence where there is nothing to draw."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from networks import Network, compile_network, randomise
from torch import nn

from tinyfl.compiler.arena_picture import draw_arena
from tinyfl.compiler.command import write_bundle
from tinyfl.errors import ModelError

pytest.importorskip("matplotlib", reason="needs the extra: pip install 'tinyfl[report]'")


def test_every_buffer_has_a_box_and_the_file_is_repeatable(tmp_path: Path) -> None:
    layers = [nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)]
    bundle = compile_network(Network(randomise(nn.Sequential(*layers), 0), (2, 8, 8)))
    write_bundle(bundle, 1, tmp_path)
    picture = draw_arena(tmp_path)
    first = picture.read_bytes()
    patches = [e for e in ElementTree.fromstring(first).iter() if (e.get("id") or "").startswith("patch_")]
    assert len(patches) >= len(bundle.plan.placements)
    assert draw_arena(tmp_path).read_bytes() == first


@pytest.mark.parametrize("content", [None, "{", "[]", json.dumps({"buffers": {}})])
def test_a_folder_without_a_plan_is_refused(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "plan.json").write_text(content)
    with pytest.raises(ModelError, match=r"plan"):
        draw_arena(tmp_path)
