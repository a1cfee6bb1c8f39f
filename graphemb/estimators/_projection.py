"""What methods of iterated random projection share: weights per power, progress, folding in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from graphemb._parallel import Progress, ranges
from graphemb._random import stream_key
from graphemb._validation import check_n_jobs, check_real, check_seed
from graphemb.estimators._base import BaseEmbedding, Report, rms_factor, scale_rows
from graphemb.graph import Graph
from graphemb.proximity import one_way, weighted_powers

ROWS_AT_ONCE = 2**15


class ProjectedPowers(BaseEmbedding):
    """Base of methods whose vectors are weighted sums of A^i R; they say what A and R are."""

    weights: Sequence[float]
    row_norm: float
    random_state: Any

    def _validate(self) -> None:
        super()._validate()
        if isinstance(self.weights, (str, bytes)) or np.ndim(self.weights) != 1 or len(self.weights) < 2:
            raise ValueError("weights must be a sequence of at least two numbers, of the powers 0, 1, ... of the "
                             f"matrix; got {self.weights!r}.")
        for i, w in enumerate(self.weights):
            check_real(f"weights[{i}]", w)
        if not any(self.weights[1:]):
            raise ValueError(f"weights must have a number that is not 0 past the first; got {self.weights!r}.")
        check_real("row_norm", self.row_norm, 0, 1)

    def _matrix(self, graph: Graph) -> sparse.csr_array:
        """What is multiplied with, shape (n_nodes, n_nodes)."""
        raise NotImplementedError

    def _projection(self, graph: Graph, seed: int) -> np.ndarray:
        """Random columns, shape (n_nodes, n_components), dtype=float32."""
        raise NotImplementedError

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        seed = stream_key(check_seed(self.random_state), "projection")
        R, weights = self._projection(graph, seed), [float(w) for w in self.weights]
        progress = Progress("powers", len(weights) - 1, int(self.verbose), self.callbacks)
        A = self._matrix(graph).astype(np.float32)
        Y, self._onward = weighted_powers(A, R, weights, check_n_jobs(self.n_jobs), progress.update)
        linked = np.diff(graph.indptr) > 0
        if graph.directed:
            linked[graph.indices] = True
        Y[~linked] = 0
        Y = scale_rows(Y, self.row_norm)
        self._factor = np.float32(rms_factor(Y))
        return Y * self._factor

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        return scale_rows(one_way(self._matrix(enlarged), n_fitted) @ self._onward, self.row_norm) * self._factor


def random_rows(n: int, d: int, seed: int, draw: Any) -> np.ndarray:
    """(n, d) float32 by ``draw(rng, shape)``, in pieces with a generator each."""
    R = np.empty((n, d), np.float32)
    for start, stop in ranges(n, ROWS_AT_ONCE):
        R[start:stop] = draw(np.random.default_rng([seed, start]), (stop - start, d))
    return R
