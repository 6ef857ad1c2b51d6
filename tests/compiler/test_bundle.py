"""The bundle's file, and that compiling is deterministic."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Network, compile_network, networks, randomise, schemes
from torch import nn

from tinyfl.compiler.bundle import Bundle, load_bundle, save_bundle
from tinyfl.compiler.emit_c import emit
from tinyfl.compiler.interpret import Interpreter
from tinyfl.errors import ModelError


def small(seed: int = 0) -> Network:
    layers = [nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3)]
    return Network(randomise(nn.Sequential(*layers), seed), (2, 8))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return compile_network(small())


@pytest.fixture(scope="module")
def content(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bundle") / "bundle"
    save_bundle(bundle, path)
    return path.read_bytes()


def assert_equal(a: object, b: object) -> None:
    """Equality in value, type and, for arrays, in dtype and shape; written without the bundle's own code."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert np.array_equal(a, b)
    elif is_dataclass(a):
        for f in fields(a):
            assert_equal(getattr(a, f.name), getattr(b, f.name))
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_equal(x, y)
    else:
        assert a == b


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.data(), networks())
def test_random_networks_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, network: Network
) -> None:
    grad_bits = data.draw(st.sampled_from([8, 16]))
    bundle = compile_network(network, data.draw(schemes(network.graph())), grad_bits=grad_bits, calibration=8)
    path = tmp_path_factory.mktemp("bundle") / "bundle"
    save_bundle(bundle, path)
    assert_equal(load_bundle(path), bundle)


def test_a_loaded_bundle_trains_the_same(bundle: Bundle, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bundle").write_bytes(content)
    loaded = load_bundle(tmp_path)
    assert (loaded.network_id, loaded.scheme_id) == (bundle.network_id, bundle.scheme_id)
    x = bundle.quantize_input(small().samples(5, 3)[1])
    a, b = Interpreter(bundle.program, 1), Interpreter(loaded.program, 1)
    for i in range(5):
        assert a.train_step(x[i], i % 3) == b.train_step(x[i], i % 3)
    assert a.planes() == b.planes()


def test_reading_a_bundle_needs_no_torch(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bundle").write_bytes(content)
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path; from tinyfl.compiler.bundle import load_bundle\n"
        f"print(load_bundle(Path({str(tmp_path)!r})).classes)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"3\n"


def test_two_compilations_give_the_same_bytes(content: bytes, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        again = compile_network(small())
        emit(again.program, again.plan, tmp_path / name)
        save_bundle(again, tmp_path / name / "bundle")
        assert (tmp_path / name / "bundle").read_bytes() == content
    for file in ("net.c", "net.h"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_ids_tell_networks_and_schemes_apart(bundle: Bundle) -> None:
    other = compile_network(small(1))
    assert other.network_id != bundle.network_id
    assert other.scheme_id == bundle.scheme_id
    wide = compile_network(small(), grad_bits=16)
    assert (wide.network_id, wide.scheme_id) != (bundle.network_id, bundle.scheme_id)
    slower = compile_network(small(), learning_rate=2.0**-7)
    assert slower.network_id != bundle.network_id


def test_saving_replaces_the_older_file_and_leaves_no_other(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(b"older")
    save_bundle(bundle, path)
    assert_equal(load_bundle(path), bundle)
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


def test_there_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no bundle at"):
        load_bundle(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="there is no bundle at"):
        load_bundle(tmp_path)


def archive(**members: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **members)
    return out.getvalue()


def header(text: bytes) -> bytes:
    return archive(header=np.frombuffer(text, np.uint8))


def npy(value: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array(value, object if isinstance(value, dict) else None), allow_pickle=True)
    return out.getvalue()


def text_in_a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("header.npy", "no array")
    return out.getvalue()


FOREIGN = {
    "empty": b"",
    "text": b"int main(void) { return 0; }\n",
    "zeros": bytes(4096),
    "an array": npy([1.0, 2.0]),
    "a pickle": npy({"a": 1}),
    "an archive without header": archive(a=np.zeros(3)),
    "an archive of text": text_in_a_zip(),
    "no JSON": header(b"{"),
    "not UTF-8": header(b"\xff\xfe"),
    "a list": header(b"[1, 2]"),
    "a number": header(b"3"),
    "no format": header(b"{}"),
    "no bundle": header(b'{"format": 1}'),
    "an empty bundle": header(b'{"format": 1, "bundle": {}}'),
    "a bundle of nothing": header(b'{"format": 1, "bundle": null}'),
    "a bundle of lists": header(b'{"format": 1, "bundle": {"program": [], "plan": [], "float_parameters": 0}}'),
    "header of floats": archive(header=np.zeros(5)),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(ModelError, match="compile the network again") as info:
        load_bundle(path)
    assert "\n" not in str(info.value)


def test_another_format(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(header(b'{"format": 99}'))
    with pytest.raises(ModelError, match="format 99"):
        load_bundle(path)


def test_every_truncation_is_found(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    rng = np.random.default_rng(0)
    for length in {*rng.integers(0, len(content), 60), 0, 1, 2, 4, 22, len(content) - 1, len(content) // 2}:
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            load_bundle(path)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_right(
    bundle: Bundle, content: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Some bytes of a zip mean nothing (dates, attributes); whatever else changes must be noticed."""
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged)
    try:
        loaded = load_bundle(path)
    except ModelError:
        return
    assert_equal(loaded, bundle)


def test_the_number_of_macs(bundle: Bundle) -> None:
    """conv 6 pixels x 4 x 2 x 3, linear 24 x 3; backward: the linear's input gradient, and both weight gradients."""
    assert bundle.macs() == (144 + 72, 72 + 72 + 144)
    frozen = replace(bundle, program=replace(bundle.program, steps=bundle.program.steps[:3]))
    assert frozen.macs() == (216, 0)
