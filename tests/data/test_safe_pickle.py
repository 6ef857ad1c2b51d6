import codecs
import io
import os
import pickle
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tinyfl.data.safe_pickle import load_pickle, to_array
from tinyfl.errors import DataError


class Calls:
    """Pickles into a call of ``function``."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def load(content: bytes):
    return load_pickle(io.BytesIO(content), "the file")


NUMBERS = st.sampled_from(["<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "|i1", "|u1", "<u2", "|b1"])


@given(st_numpy.arrays(NUMBERS, st_numpy.array_shapes(min_dims=0)), st.booleans())
def test_arrays_come_back_as_pickle_loads_them(array, fortran):
    array = np.asfortranarray(array) if fortran else array
    content = pickle.dumps({"a": [array]}, protocol=2)
    expected = pickle.loads(content)["a"][0]
    found = to_array(load(content)["a"][0], "the file")
    assert found.dtype.newbyteorder("=") == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, expected)


def test_an_array_of_names_comes_back():
    content = pickle.dumps(np.array(["ax", "ay"], dtype=object), protocol=2)
    assert to_array(load(content), "the file").tolist() == ["ax", "ay"]


def test_nothing_named_by_the_file_runs(tmp_path):
    trace = tmp_path / "trace"
    for function, *args in [
        (os.system, f"touch {trace}"),
        (subprocess.check_call, ["touch", str(trace)]),
        (eval, f"open({str(trace)!r}, 'w')"),
        (open, str(trace), "w"),
        (np.save, str(trace), 1),
        (codecs.lookup, "utf-8"),
        (getattr, "x", "upper"),
    ]:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(DataError, match=f"asks for .*{function.__name__}"):
                load(pickle.dumps([Calls(function, *args)], protocol))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\x80\x02}",
        b"cos\nsystem\n.",
        b"cnumpy\nload\n.",
        b"cbuiltins\nobject.__subclasses__\n.",
        b"cpandas.io.pickle\nread_pickle\n.",
        b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00hextR.",
        b"cnumpy.core.multiarray\n_reconstruct\n(X\x01\x00\x00\x00atR.",
        b"cnumpy\nndarray\n}(X\x05\x00\x00\x00stateK\x01ub.",
        b"c_codecs\nencode\n}(X\x07\x00\x00\x00__new__K\x01ub.",
        b"Pname\n.",
        b"\x82\x01.",
    ],
)
def test_a_damaged_or_hostile_pickle_is_refused(content):
    with pytest.raises(DataError, match="the file"):
        load(content)


@given(st.data())
def test_a_cut_pickle_is_refused(data):
    content = pickle.dumps([np.arange(9.0), "x"], protocol=2)
    with pytest.raises(DataError):
        load(content[: data.draw(st.integers(0, len(content) - 1))])


def state(shape, code, order, content):
    """Return an array whose pickled state is what is given, right or wrong."""
    kind = Calls(np.dtype, code, False, True)
    kind.__class__ = type("Kind", (Calls,), {"__reduce__": lambda s: (np.dtype, s.args, (3, order))})
    array = Calls(np.ndarray)
    array.__class__ = type(
        "Array", (Calls,), {"__reduce__": lambda s: (np.ndarray, (), (1, shape, kind, False, content))}
    )
    return pickle.dumps(array, protocol=2)


@pytest.mark.parametrize(
    "content",
    [
        state((3,), "f8", "<", b"1234567812345678"),
        state((1 << 62,), "u1", "|", b"1"),
        state((-2,), "u1", "|", b"12"),
        state((1,), "V8", "|", b"12345678"),
        state((1,), "U2", "<", b"12345678"),
        state((1,), "f8", "<f8,", b"12345678"),
        state("x", "u1", "|", b"1"),
        state((1,), "u1", "|", 7),
        pickle.dumps("a text", protocol=2),
    ],
)
def test_a_wrong_array_is_refused(content):
    with pytest.raises(DataError, match="not a plain array"):
        to_array(load(content), "the file")
