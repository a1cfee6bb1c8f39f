"""One message shape for every bad parameter: what was given, what is allowed."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np


def check_int(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """Return `value` as an int, or raise if it is not an integer in [low, high]."""
    if isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)):
        number = int(value)
        if (low is None or number >= low) and (high is None or number <= high):
            return number
        kind: type[Exception] = ValueError
    else:
        kind = TypeError
    raise kind(f"{name} must be an int{_range(low, high)}; got {value!r}.")


def check_real(name: str, value: Any, low: float | None = None, high: float | None = None, *,
               above: float | None = None) -> float:
    """Return `value` as a float, or raise if it is not finite and in [low, high] (and > `above`)."""
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)):
        x = float(value)
        if (math.isfinite(x) and (low is None or x >= low) and (high is None or x <= high)
                and (above is None or x > above)):
            return x
        kind: type[Exception] = ValueError
    else:
        kind = TypeError
    bound = f" > {above}" if above is not None else ""
    raise kind(f"{name} must be a finite number{bound}{_range(low, high, bool(bound))}; got {value!r}.")


def check_bool(name: str, value: Any) -> bool:
    """Return `value` as a bool, or raise if it is not one."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise TypeError(f"{name} must be True or False; got {value!r}.")


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Return `value`, or raise if it is not one of `choices`."""
    choices = list(choices)
    if any(type(value) is type(c) and value == c for c in choices):
        return value
    raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}.")


def check_n_jobs(n_jobs: Any) -> int:
    """Number of threads: None is 1 or what joblib's context says, -1 is every core."""
    from joblib import effective_n_jobs

    if n_jobs is None:
        return int(effective_n_jobs(None))
    n = check_int("n_jobs", n_jobs)
    if n == 0:
        raise ValueError("n_jobs must be None, a positive int or a negative one (-1: all cores); got 0.")
    return n if n > 0 else int(effective_n_jobs(n))


def check_seed(random_state: Any) -> int:
    """A seed in [0, 2**64) from None (fresh entropy), an int, a Generator or a RandomState."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(0, 2**64, dtype=np.uint64))
    if isinstance(random_state, np.random.RandomState):
        return int.from_bytes(random_state.bytes(8), "little")
    if isinstance(random_state, numbers.Integral) and not isinstance(random_state, (bool, np.bool_)):
        return check_int("random_state", random_state, 0, 2**64 - 1)
    raise TypeError("random_state must be None, an int in [0, 2**64), a numpy Generator or a RandomState; "
                    f"got {random_state!r}.")


def _range(low: float | None, high: float | None, more: bool = False) -> str:
    parts = ([f">= {low}"] if low is not None else []) + ([f"<= {high}"] if high is not None else [])
    return (" and " if more and parts else " " if parts else "") + " and ".join(parts)
