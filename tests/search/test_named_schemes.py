"""MCUNetV3's published schemes on the real network: their sizes are the paper's."""

from pathlib import Path

import pytest

from tests.compiler.networks import Network, randomise
from tinyfl.compiler.named_schemes import NAMED, backbone_layers
from tinyfl.compiler.scheme import check_scheme, parse_scheme, scheme_toml, trained_in_channels
from tinyfl.errors import SchemeError
from tinyfl.types import Graph

MCUNET = Path(__file__).parents[3] / "shared" / "models" / "mcunet-5fps.tflite"
PRINTED_KIB = {
    "mcunetv3-49k": 49.75,
    "mcunetv3-74k": 74.8,
    "mcunetv3-99k": 99.8,
    "mcunetv3-124k": 125.0,
    "mcunetv3-148k": 148.4,
}


@pytest.fixture(scope="module")
def mcunet() -> Graph:
    pytest.importorskip("tflite")
    if not MCUNET.is_file():
        pytest.skip(f"needs {MCUNET}")
    from tinyfl.compiler.classifier import with_classes
    from tinyfl.compiler.frontends.tflite import import_tflite

    return with_classes(import_tflite(MCUNET), 10, 0)


def test_all_published_schemes_have_a_name() -> None:
    assert NAMED.keys() == PRINTED_KIB.keys()


def test_the_49_kb_scheme_trains_what_the_paper_s_code_does(mcunet: Graph) -> None:
    scheme = parse_scheme("mcunetv3-49k", mcunet)
    updates = {u.node: u for u in scheme.layers}
    weights = biases = 0
    for node in backbone_layers(mcunet):
        update = updates.get(node.name)
        assert node.weight is not None
        weights += node.weight.shape[0] * trained_in_channels(node, update)  # all of them are pointwise
        biases += node.weight.shape[-1 if node.op == "depthwise" else 0] if update is not None else 0
    assert (weights, biases) == (12096, 4592)
    head = updates[mcunet.nodes[-1].name]
    assert (head.ratio, head.bias, head.shared) == (1.0, True, False)
    assert all(u.shared for u in scheme.layers if u is not head)


@pytest.mark.parametrize("name", NAMED)
def test_extra_memory_by_the_paper_s_own_count_is_the_printed_one(name: str, mcunet: Graph) -> None:
    scheme = parse_scheme(name, mcunet)
    check_scheme(scheme, mcunet)
    bits = 0.0
    for node in backbone_layers(mcunet):
        update = scheme.of(node.name)
        if update is None:
            continue
        window = node.window
        assert window is not None
        bits += window.out_h * window.out_w * window.out_c + 32 * window.out_c
        bits += 8 * update.ratio * (window.in_h * window.in_w * window.in_c + window.in_c * window.out_c)
    # throughout 160 B less than printed; one layer off would be several KiB
    assert bits / 8 / 1024 == pytest.approx(PRINTED_KIB[name], abs=0.2)


def small_graph() -> Graph:
    from torch import nn

    net = nn.Sequential(nn.Conv1d(2, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(3, 2))
    return Network(randomise(net, 0), (2, 9)).graph()


def test_on_another_network_it_is_one_sentence() -> None:
    with pytest.raises(SchemeError, match=r"is for MCUNet-5FPS, which has 42 convolutions .* this network has 1: use"):
        parse_scheme("mcunetv3-49k", small_graph())


def test_a_scheme_survives_its_file(tmp_path: Path) -> None:
    graph = small_graph()
    for spec in ("last:1", "full"):
        scheme = parse_scheme(spec, graph)
        (tmp_path / "scheme.toml").write_text(scheme_toml(scheme), encoding="utf-8")
        assert parse_scheme(str(tmp_path / "scheme.toml"), graph) == scheme
