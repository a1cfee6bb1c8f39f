"""`node2vec.edges`: a vector for a pair of nodes, from those of its ends (node2vec paper, table 1)."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np

__all__ = ["AverageEmbedder", "EdgeEmbedder", "HadamardEmbedder", "WeightedL1Embedder", "WeightedL2Embedder"]


class EdgeEmbedder:
    """Base of the operators.

    Parameters
    ----------
    keyed_vectors : gensim.models.KeyedVectors
    quiet : bool, default=False
        Accepted; nothing is printed.
    """

    def __init__(self, keyed_vectors: Any, quiet: bool = False) -> None:
        self.kv = keyed_vectors
        self.quiet = quiet

    def _embed(self, edge: tuple[str, str]) -> np.ndarray:
        raise NotImplementedError

    def __getitem__(self, edge: Any) -> np.ndarray:
        if not isinstance(edge, tuple) or len(edge) != 2:
            raise ValueError(f"edge must be a tuple of two nodes; got {edge!r}.")
        for node in edge:
            if node not in self.kv.key_to_index:
                raise KeyError(f"node {node!r} is not in the KeyedVectors; its keys are strings.")
        return self._embed(edge)

    def as_keyed_vectors(self) -> Any:
        """Vectors of all pairs, a node with itself included: KeyedVectors with keys like ``"('1', '2')"``, sorted."""
        from gensim.models import KeyedVectors

        pairs = list(combinations_with_replacement(self.kv.index_to_key, 2))
        vectors = KeyedVectors(self.kv.vector_size)
        vectors.add_vectors([str(tuple(sorted(pair))) for pair in pairs], [self._embed(pair) for pair in pairs])
        return vectors


class AverageEmbedder(EdgeEmbedder):
    """The mean of the two vectors."""

    def _embed(self, edge: tuple[str, str]) -> np.ndarray:
        return (self.kv[edge[0]] + self.kv[edge[1]]) / 2


class HadamardEmbedder(EdgeEmbedder):
    """Their product, number by number."""

    def _embed(self, edge: tuple[str, str]) -> np.ndarray:
        return self.kv[edge[0]] * self.kv[edge[1]]


class WeightedL1Embedder(EdgeEmbedder):
    """The absolute difference."""

    def _embed(self, edge: tuple[str, str]) -> np.ndarray:
        return np.abs(self.kv[edge[0]] - self.kv[edge[1]])


class WeightedL2Embedder(EdgeEmbedder):
    """The squared difference."""

    def _embed(self, edge: tuple[str, str]) -> np.ndarray:
        return (self.kv[edge[0]] - self.kv[edge[1]]) ** 2
