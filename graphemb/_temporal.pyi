"""Kernels of temporal walks (ext/_temporal.pyx). Arrays are C-contiguous; outputs come last."""

import numpy as np
from numpy.typing import NDArray

def sums_of_earlier(
    indptr: NDArray[np.int64], times: NDArray[np.float64], rate: float, start: int, stop: int,
    sums: NDArray[np.float64],
) -> None: ...
def sums_of_later(
    indptr: NDArray[np.int64], times: NDArray[np.float64], rate: float, start: int, stop: int,
    sums: NDArray[np.float64],
) -> None: ...
def temporal_walks(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], times: NDArray[np.float64], later: NDArray[np.float64],
    sources: NDArray[np.int32], targets: NDArray[np.int32], moments: NDArray[np.float64],
    earlier: NDArray[np.float64], directed: bool, strict: bool, start_bias: int, bias: int, rate: float, key: int,
    ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
) -> int: ...
