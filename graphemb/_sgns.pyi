"""Skip-gram kernel (ext/_sgns.pyx). Arrays are C-contiguous; outputs come last."""

import numpy as np
from numpy.typing import NDArray

LANES: int
TILE: int
SAMPLED: int
MEETING: int
VARIANTS: dict[str, int]

def scratch_sizes(
    window: int, n_negative: int, walk_length: int, part: int, n_threads: int,
) -> tuple[int, int, int, int]: ...
def open_meeting(meeting: NDArray[np.int64], spins: int) -> None: ...
def leave_meeting(meeting: NDArray[np.int64]) -> None: ...
def subsample(walks: NDArray[np.int32], ids: NDArray[np.int64], keep: NDArray[np.uint32], key: int) -> None: ...
def train(
    walks: NDArray[np.int32], ids: NDArray[np.int64], rates: NDArray[np.float32], noise: NDArray[np.int32],
    damping: NDArray[np.float32], window: int, n_negative: int, first_input: int, frozen: bool,
    key: int, variant: int, part: int, thread: int, n_threads: int, meeting: NDArray[np.int64],
    changes: NDArray[np.float32], lists: NDArray[np.int32], g: NDArray[np.float32], own: NDArray[np.int32],
    vectors: NDArray[np.float32], contexts: NDArray[np.float32], totals: NDArray[np.float64],
) -> None: ...
