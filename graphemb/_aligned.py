"""Tables whose rows begin on cache lines: a kernel that gathers rows then touches no line more than it must."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

CACHE_LINE = 64  # bytes
HUGE_PAGE = 2**21


def aligned_zeros(n: int, stride: int, dtype: type = np.float32) -> np.ndarray:
    """(n, stride) zeros; rows begin on cache lines where a row is a whole number of lines.

    A large array is made of whole huge pages where the system has them (NumPy asks for them).
    """
    return _aligned(np.zeros, n, stride, dtype)


def aligned_empty(n: int, stride: int, dtype: type = np.float32) -> np.ndarray:
    """As `aligned_zeros`, not yet filled."""
    return _aligned(np.empty, n, stride, dtype)


def on_cache_lines(X: np.ndarray) -> np.ndarray:
    """X itself if it is laid out as `aligned_zeros` are, or its rows are no whole cache lines; else a copy that is."""
    contiguous = X.flags.c_contiguous
    if contiguous and (X.ctypes.data % CACHE_LINE == 0 or X.shape[1] * X.itemsize % CACHE_LINE):
        return X
    out = aligned_empty(X.shape[0], X.shape[1], X.dtype.type)
    out[:] = X
    return out


def _aligned(make: Callable[..., np.ndarray], n: int, stride: int, dtype: type) -> np.ndarray:
    item = np.dtype(dtype).itemsize
    size = n * stride
    unit = (HUGE_PAGE if item * size >= 2 * HUGE_PAGE else CACHE_LINE) // item
    raw = make((math.ceil(size / unit) + 1) * unit, dtype)
    skip = -(raw.ctypes.data // item) % unit
    return raw[skip:skip + size].reshape(n, stride)
