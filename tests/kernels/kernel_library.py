"""The C kernels behind ctypes: the structures of tf_kernels.h and a library for each gradient width."""

from __future__ import annotations

import ctypes
import os
from ctypes import (
    POINTER,
    Structure,
    c_int8,
    c_int16,
    c_int32,
    c_int64,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from functools import cache
from pathlib import Path

import numpy as np

from tinyfl.boards.firmware import firmware_dir
from tinyfl.boards.toolchain import DEFAULT_FLAGS, build

FLAGS_VARIABLE = "TINYFL_TEST_KERNEL_FLAGS"


class Window(Structure):
    _fields_ = (
        *((name, c_uint16) for name in ("in_h", "in_w", "in_c", "out_h", "out_w", "out_c")),
        *((name, c_uint8) for name in ("kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top", "pad_left")),
        ("groups", c_uint16),
        ("trained_in_c", c_uint16),
        ("in_zero_point", c_int16),
    )

    def __repr__(self) -> str:
        return "Window(" + ", ".join(f"{name}={getattr(self, name)}" for name, _ in self._fields_) + ")"


class Requant(Structure):
    _fields_ = (("m", c_void_p), ("s", c_void_p), ("zero_point", c_int16), ("lo", c_int8), ("hi", c_int8))


class Weights(Structure):
    _fields_ = (("trained", c_void_p), ("frozen", c_void_p), ("bias", c_void_p))


class Rows(Structure):
    """tf_rows and tf_rows_out."""

    _fields_ = (("data", c_void_p), ("stride", c_uint32), ("count", c_uint16))


class Span(Structure):
    _fields_ = (("first", c_int32), ("end", c_int32))


class Add(Structure):
    _fields_ = (
        ("m0", c_int32),
        ("m1", c_int32),
        *((name, c_int16) for name in ("zero_point0", "zero_point1", "zero_point")),
        ("lo", c_int8),
        ("hi", c_int8),
    )


class Mul(Structure):
    _fields_ = (
        ("m", c_int32),
        ("s", c_int8),
        *((name, c_int16) for name in ("zero_point0", "zero_point1", "zero_point")),
        ("lo", c_int8),
        ("hi", c_int8),
    )


class Rescale(Structure):
    _fields_ = (
        ("m", c_int32),
        ("s", c_int8),
        *((name, c_int16) for name in ("in_zero_point", "zero_point")),
        ("lo", c_int8),
        ("hi", c_int8),
    )


class Concat(Structure):
    _fields_ = (
        *((name, c_uint16) for name in ("channels", "out_channels", "first")),
        ("m", c_int32),
        *((name, c_int16) for name in ("in_zero_point", "zero_point")),
        ("lo", c_int8),
        ("hi", c_int8),
    )


class Loss(Structure):
    _fields_ = (("p_label", c_uint32), ("e_top", c_int8), ("skip", c_uint8))


class Finish(Structure):
    _fields_ = (("bsh", c_int8), ("accumulate", c_uint8))


class MulGrad(Structure):
    _fields_ = (("finish", Finish), ("gm", c_int32), ("zero_point", c_int16))


class InputGrad(Structure):
    _fields_ = (("finish", Finish), ("gm", c_int32), ("gmc", c_void_p), ("mw", c_void_p), ("fsh", c_uint8))


class Norm(Structure):
    _fields_ = (
        ("epsilon", c_uint64),
        ("centred", c_uint8),
        ("m", c_int32),
        ("s", c_int8),
        ("zero_point", c_int16),
        ("lo", c_int8),
        ("hi", c_int8),
    )


class NormGrad(Structure):
    _fields_ = (("finish", Finish), ("gm", c_int32), ("half", c_int8))


class Attention(Structure):
    _fields_ = (
        ("heads", c_uint16),
        ("causal", c_uint8),
        ("logit_s", c_int8),
        ("s", c_int8),
        ("logit_m", c_int32),
        ("m", c_int32),
        ("zero_point", c_int16),
        ("lo", c_int8),
        ("hi", c_int8),
    )


class AttentionGrad(Structure):
    _fields_ = (("finish", Finish), ("gm", c_int32), ("value_shift", c_int8), ("score_shift", c_uint8))


class Matmul(Structure):
    _fields_ = (
        *((name, c_uint16) for name in ("batch", "rows", "columns", "depth", "b_column", "b_depth")),
        ("m", c_int32),
        ("s", c_int8),
        *((name, c_int16) for name in ("zero_point0", "zero_point1", "zero_point")),
        ("lo", c_int8),
        ("hi", c_int8),
    )


class MatmulGrad(Structure):
    _fields_ = (
        ("finish", Finish),
        ("gm", c_int32),
        *((name, c_uint16) for name in ("batch", "rows", "columns", "depth")),
        ("grad_step", c_uint16 * 3),
        ("other_step", c_uint16 * 3),
        ("grad_size", c_uint32),
        ("other_size", c_uint32),
        ("zero_point", c_int16),
    )


class Rate(Structure):
    _fields_ = (("km", c_void_p), ("ks", c_void_p), ("kb", c_void_p), ("kbs", c_void_p))


class Recurrent(Structure):
    _fields_ = (
        ("steps", c_uint16),
        ("units", c_uint16),
        ("in_m", c_int32),
        ("in_s", c_int8),
        ("in_zero_point", c_int16),
        ("m", c_void_p),
        ("s", c_void_p),
    )


class RecurrentGrad(Structure):
    _fields_ = (
        ("finish", Finish),
        ("lift", c_uint8),
        ("fsh", c_uint8),
        ("gm", c_int32),
        ("gs", c_int8),
        ("mw", c_void_p),
    )


_W, _P, _U = POINTER(Window), c_void_p, c_uint32
_ROWS = (POINTER(Rows), POINTER(Rows), Span)
_FORWARD = (None, (_W, POINTER(Requant), POINTER(Weights), *_ROWS, _P))
_UPDATE = (None, (_W, POINTER(Rate), c_int32, _U, _P, _P, _P, _P, _P))
_CELL = (POINTER(Recurrent), POINTER(Weights), _P, _P, _P)
_CELL_GRAD = (_U, (POINTER(Recurrent), POINTER(RecurrentGrad), POINTER(Weights), *(_P,) * 6))
_SIGNATURES = {
    "tf_gru_s8": (None, _CELL),
    "tf_lstm_s8": (None, _CELL),
    "tf_gru_input_grad": _CELL_GRAD,
    "tf_lstm_input_grad": _CELL_GRAD,
    "tf_conv_s8": _FORWARD,
    "tf_pointwise_s8": _FORWARD,
    "tf_depthwise_s8": _FORWARD,
    "tf_logits_s8": (None, (_W, POINTER(Requant), POINTER(Weights), _P, _P)),
    "tf_avg_pool_s8": (None, (_W, POINTER(Requant), *_ROWS)),
    "tf_max_pool_s8": (None, (_W, *_ROWS)),
    "tf_add_s8": (None, (POINTER(Add), _U, _P, _P, _P)),
    "tf_mul_s8": (None, (POINTER(Mul), _U, _P, _P, _P)),
    "tf_mul_channels_s8": (None, (POINTER(Mul), _U, _U, _P, _P, _P)),
    "tf_requantize_s8": (None, (POINTER(Rescale), _U, _P, _P)),
    "tf_concat_s8": (None, (POINTER(Concat), _U, _P, _P)),
    "tf_table_s8": (None, (_P, _U, _P, _P)),
    "tf_attention_s8": (None, (_W, POINTER(Attention), _P, _P, _P)),
    "tf_attention_input_grad": (_U, (_W, POINTER(Attention), POINTER(AttentionGrad), _P, _P, _P, _P)),
    "tf_matmul_s8": (None, (POINTER(Matmul), _P, _P, _P)),
    "tf_matmul_input_grad": (_U, (POINTER(MatmulGrad), _P, _P, _P)),
    "tf_norm_s8": (None, (_W, POINTER(Norm), *_ROWS)),
    "tf_norm_input_grad": (_U, (_W, POINTER(Norm), POINTER(NormGrad), _P, _P, _P)),
    "tf_negate_grad": (_U, (POINTER(Finish), _U, _P, _P)),
    "tf_concat_input_grad": (_U, (POINTER(Concat), POINTER(Finish), _U, _P, _P)),
    "tf_table_input_grad": (_U, (POINTER(Finish), _P, _U, _P, _P, _P)),
    "tf_mul_input_grad": (_U, (POINTER(MulGrad), _U, _P, _P, _P)),
    "tf_mul_channels_input_grad": (_U, (POINTER(MulGrad), _U, _U, _P, _P, _P)),
    "tf_mul_channels_gate_grad": (_U, (POINTER(MulGrad), _U, _U, _P, _P, _P)),
    "tf_clamp_s8": (None, (c_int8, c_int8, _U, _P, _P)),
    "tf_softmax_ce": (Loss, (c_uint16, _P, c_uint16, _P, _P)),
    "tf_save_mask": (None, (c_int8, c_int8, c_uint8, c_uint8, _U, POINTER(Rows), Span, _P)),
    "tf_save_input": (None, (_W, POINTER(Rows), Span, _P)),
    "tf_mask_grad": (None, (_U, _U, _P, _P)),
    "tf_conv_input_grad": (_U, (_W, POINTER(InputGrad), POINTER(Weights), _P, _P, _P)),
    "tf_pointwise_input_grad": (_U, (_W, POINTER(InputGrad), POINTER(Weights), _P, _P, _P)),
    "tf_depthwise_input_grad": (_U, (_W, POINTER(InputGrad), POINTER(Weights), _P, _P, _P)),
    "tf_avg_pool_input_grad": (_U, (_W, POINTER(InputGrad), _P, _P)),
    "tf_max_pool_input_grad": (_U, (_W, POINTER(Finish), _P, _P, _P)),
    "tf_pass_grad": (_U, (POINTER(Finish), _U, _P, _P)),
    "tf_counter_base": (_U, (_U, _U, _U)),
    "tf_conv_update": _UPDATE,
    "tf_depthwise_update": _UPDATE,
    "tf_bias_update": (None, (_U, c_uint16, POINTER(Rate), c_int32, _U, _P, _P)),
    "shim_round_shift64": (c_int64, (c_int64, c_int32)),
    "shim_round_even64": (c_int64, (c_int64, c_int32)),
    "shim_floor_shift64": (c_int64, (c_int64, c_int32)),
    "shim_floor_shift32": (c_int32, (c_int32, c_int32)),
    "shim_bit_length": (c_int32, (_U,)),
    "shim_isqrt32": (_U, (_U,)),
    "shim_mix32": (_U, (_U,)),
    "shim_stochastic_shift": (c_int64, (c_int64, c_int32, _U, _U)),
}


@cache
def kernels(grad_bits: int, dsp: bool = False) -> ctypes.CDLL:
    """The kernels for gradients of 8 or 16 bits, built with the flags of FLAGS_VARIABLE if it is set.

    dsp: the variants for Cortex-M's DSP extension, its instructions emulated.
    """
    firmware = firmware_dir()
    sources = [*sorted((firmware / "kernels").glob("*.c")), Path(__file__).with_name("arith_shim.c")]
    flags = tuple(os.environ.get(FLAGS_VARIABLE, "").split()) or DEFAULT_FLAGS
    defines = {"TF_GRAD_BITS": grad_bits, "TF_DSP": int(dsp)}
    library = ctypes.CDLL(str(build(sources, [firmware / "include"], defines, flags=flags)))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def at(array: np.ndarray | None) -> int | None:
    """Address of a contiguous array's first element; None for an array that is absent or empty."""
    if array is None or array.size == 0:
        return None
    assert array.flags.c_contiguous
    return array.ctypes.data
