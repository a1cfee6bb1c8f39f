"""A sparse matrix times many vectors (ext/_spmm.pyx). Arrays are C-contiguous; outputs come last."""

import numpy as np
from numpy.typing import NDArray

VARIANTS: dict[str, int]

def multiply_float(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], values: NDArray[np.float32], X: NDArray[np.float32],
    start: int, stop: int, variant: int, out: NDArray[np.float32],
) -> None: ...
def multiply_double(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], values: NDArray[np.float64], X: NDArray[np.float64],
    start: int, stop: int, variant: int, out: NDArray[np.float64],
) -> None: ...
def recur(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], values: NDArray[np.float32], X: NDArray[np.float32],
    R: NDArray[np.float32], a: float, b: float, c: float, start: int, stop: int, variant: int,
    row: NDArray[np.float32], out: NDArray[np.float32],
) -> None: ...
