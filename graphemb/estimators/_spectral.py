"""What the spectral methods share: connected components, progress, and BLAS held to its threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator

from graphemb._parallel import Progress, blas_threads
from graphemb._validation import check_int, check_n_jobs, check_real
from graphemb.estimators._base import BaseEmbedding, Report, warn
from graphemb.graph import Graph
from graphemb.spectrum import DENSE_LIMIT, Eigenpairs, SingularTriplets, Step, fix_signs, operator_triplets


class SpectralEmbedding(BaseEmbedding):
    """Base of methods that solve an eigenproblem to `tol` in at most `max_iter` iterations."""

    tol: float
    max_iter: int
    n_iter_: int

    def _scheme(self, graph: Graph) -> tuple[str, dict[str, Any]]:
        dense = graph.n_nodes <= DENSE_LIMIT
        return "dense decomposition" if dense else "iterative solver", {}

    def _validate(self) -> None:
        super()._validate()
        check_real("tol", self.tol, above=0)
        check_int("max_iter", self.max_iter, 1)

    @contextmanager
    def _solving(self, stage: str) -> Iterator[Step | None]:
        """Hold BLAS to `n_jobs` threads, and hand out what a solver calls between its steps."""
        with blas_threads(check_n_jobs(self.n_jobs)):
            if not (self.verbose or self.callbacks):
                yield None
                return
            progress = Progress(stage, self.n_components, int(self.verbose), self.callbacks)

            def step(n_found: int) -> bool:
                # the last unit is given when the work is done, so that the line ends once
                found = min(n_found, self.n_components - 1)
                return progress.update(max(0.0, found - progress.done))

            yield step
            progress.update(self.n_components - progress.done)

    def _factorise(self, M: LinearOperator, report: Report, seed: int, *, symmetric: bool = False,
                   k: int | None = None, stage: str = "singular vectors") -> SingularTriplets:
        """The `k` (or n_components) largest singular triplets of M, signs fixed, and what the report says of them."""
        with self._solving(stage) as step:
            found = operator_triplets(M, k or self.n_components, symmetric=symmetric, tol=self.tol,
                                      max_iter=self.max_iter, seed=seed, step=step)
        keep_note(report, found)
        left = fix_signs(found.left.copy())
        sign = np.sign(np.einsum("ij,ij->j", left, found.left))
        report["residuals"] = float(np.max(found.residuals / np.abs(found.values), initial=0))
        report["eigengap"] = found.gap
        report["n_iter"] = self.n_iter_ = found.n_iter
        return replace(found, left=left, right=found.right * sign)


def keep_note(report: Report, found: Eigenpairs | SingularTriplets) -> None:
    """Warn of what the solver did otherwise than planned."""
    if found.note:
        warn(report, found.note)


def components_of(A: sparse.csr_array) -> list[np.ndarray]:
    """Rows of each weakly connected component, largest component first."""
    n, label = connected_components(A, directed=True, connection="weak")
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(label, minlength=n))[:-1])
    return sorted(parts, key=len, reverse=True)


def warn_of_components(report: Report, n: int, n_single: int) -> None:
    """Say how many connected components there are, where there is more than one."""
    if n > 1:
        single = f" {n_single} of them are isolated nodes, with zero vectors." if n_single else ""
        warn(report, f"The graph has {n} connected components; each is embedded by itself, and distances "
                     f"between nodes of different ones mean nothing.{single}")
