"""Kernels of edge lists as text (ext/_text.pyx). Arrays are C-contiguous; outputs come last."""

import numpy as np
from numpy.typing import NDArray

def fields(
    text: NDArray[np.uint8], delimiter: int, width: int, pick: NDArray[np.int32], bounds: NDArray[np.int32],
    lines: NDArray[np.int32], state: NDArray[np.int64],
) -> int: ...
def ints(
    text: NDArray[np.uint8], bounds: NDArray[np.int32], j: int, start: int, stop: int, values: NDArray[np.int64],
) -> int: ...
def floats(
    text: NDArray[np.uint8], bounds: NDArray[np.int32], j: int, start: int, stop: int, values: NDArray[np.float64],
) -> int: ...
def number(
    text: NDArray[np.uint8], bounds: NDArray[np.int32], start: int, stop: int, table: NDArray[np.int32],
    ends: NDArray[np.int64], store: NDArray[np.uint8], count: NDArray[np.int64], codes: NDArray[np.int32],
) -> int: ...
def rehash(
    ends: NDArray[np.int64], store: NDArray[np.uint8], count: int, table: NDArray[np.int32],
) -> None: ...
def first_appearance(
    values: NDArray[np.int64], low: int, start: int, stop: int, table: NDArray[np.int32], distinct: NDArray[np.int64],
    count: int, codes: NDArray[np.int32],
) -> int: ...
