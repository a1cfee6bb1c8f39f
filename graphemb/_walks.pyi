"""Random-walk kernels (ext/_walks.pyx). Arrays are C-contiguous; outputs come last."""

import numpy as np
from numpy.typing import NDArray

HAS_VECTORS: bool

def alias_tables(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], weights: NDArray[np.float32],
    start: int, stop: int, scaled: NDArray[np.float64], stack: NDArray[np.int32],
    table: NDArray[np.uint32], strength: NDArray[np.float64],
) -> None: ...
def first_order(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], table: NDArray[np.uint32], key: int,
    ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
) -> int: ...
def first_order_vector(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], table: NDArray[np.uint32], key: int,
    ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
) -> int: ...
def second_order_vector(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], slots: NDArray[np.int32], bits: NDArray[np.uint32],
    directed: bool, p: float, q: float, key: int,
    ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
) -> tuple[int, int]: ...
def restart_ends(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], table: NDArray[np.uint32], alpha: float, key: int,
    ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
) -> int: ...
def arc_hash(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], start: int, stop: int, slots: NDArray[np.int32],
) -> None: ...
def arc_bitmap(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], start: int, stop: int, bits: NDArray[np.uint32],
) -> None: ...
def second_order(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], weights: NDArray[np.float32],
    table: NDArray[np.uint32], strength: NDArray[np.float64], slots: NDArray[np.int32], bits: NDArray[np.uint32],
    means: NDArray[np.float64], directed: bool, p: float, q: float, key: int,
    ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
) -> tuple[int, int]: ...
