"""Skip-gram kernel (ext/_sgns.pyx). Arrays are C-contiguous; outputs come last."""

import numpy as np
from numpy.typing import NDArray

LANES: int
TILE: int
VARIANTS: dict[str, int]

def train(
    walks: NDArray[np.int32], ids: NDArray[np.int64], rates: NDArray[np.float32], noise: NDArray[np.int32],
    keep: NDArray[np.uint32], window: int, n_negative: int, first_input: int, frozen: bool,
    key: int, variant: int, g: NDArray[np.float32], nodes: NDArray[np.int32], vectors: NDArray[np.float32],
    contexts: NDArray[np.float32], totals: NDArray[np.float64],
) -> None: ...
