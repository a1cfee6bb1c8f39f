"""Random-number keys: one seed, an independent stream for each purpose."""

import numpy as np
from numpy.typing import NDArray


def stream_key(seed: int, purpose: str) -> int:
    """An independent 64-bit key for each purpose a seed is used for."""
    sequence = np.random.SeedSequence([seed, *purpose.encode()])
    return int(sequence.generate_state(1, np.uint64)[0])


def draws(key: int, walks: NDArray[np.int64], t: int) -> NDArray[np.uint64]:
    """Draw t of each walk: `ge_draw` of ext/rng.h for an array of walk numbers."""
    z = np.uint64(key) + ((walks.astype(np.uint64) << np.uint64(28)) + np.uint64(t + 1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
