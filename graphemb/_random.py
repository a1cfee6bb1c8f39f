"""Random-number keys: one seed, an independent stream for each purpose."""

import numpy as np


def stream_key(seed: int, purpose: str) -> int:
    """An independent 64-bit key for each purpose a seed is used for."""
    sequence = np.random.SeedSequence([seed, *purpose.encode()])
    return int(sequence.generate_state(1, np.uint64)[0])
