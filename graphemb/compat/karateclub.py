"""karateclub's node embeddings: its constructors, `fit(graph)` and `get_embedding()`, on graphemb's methods.

Where it differs on purpose: any labels will do (there: 0..n-1 only), the graph is not changed (there: self-loops are
added to it), global random state is left alone, and DeepWalk, Node2Vec and Walklets are skip-gram, as the papers have
it (there: gensim's CBOW with hierarchical softmax, for `sg=1` is not passed).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphemb.estimators import deepwalk, grarep, hope, laplacian_eigenmaps, netmf, node2vec, randne, walklets
from graphemb.graph import as_graph

__all__ = ["HOPE", "DeepWalk", "GraRep", "LaplacianEigenmaps", "NetMF", "Node2Vec", "RandNE", "Walklets"]


class Estimator:
    """What karateclub's node embeddings share."""

    _embedding: np.ndarray

    def _model(self) -> Any:
        raise NotImplementedError

    def fit(self, graph: Any) -> None:
        """Embed a graph, which stays as it is.

        Parameters
        ----------
        graph : NetworkX graph, or anything `graphemb.as_graph` takes
        """
        whole = as_graph(graph)
        vectors = self._vectors(self._model().fit(whole))
        rows = np.arange(whole.n_nodes)
        if set(map(type, whole.nodes)) == {int} and sorted(whole.nodes) == list(rows):
            rows = np.argsort(np.array(whole.nodes))  # karateclub's rows are the numbers of the nodes
        self._embedding = vectors[rows]

    def _vectors(self, model: Any) -> np.ndarray:
        return model.embedding_

    def get_embedding(self) -> np.ndarray:
        """The vectors: float32, a row a node; row i is node i where nodes are 0..n-1, else in the graph's order."""
        if not hasattr(self, "_embedding"):
            raise RuntimeError("call fit(graph) before get_embedding().")
        return self._embedding

    def get_params(self) -> dict[str, Any]:
        """The constructor's parameters."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class _Walks(Estimator):
    walk_number: int
    min_count: int

    def _shared(self) -> dict[str, Any]:
        if self.min_count > self.walk_number:
            raise ValueError(f"min_count must be <= walk_number = {self.walk_number}, as each node is in as many walks "
                             f"at least and every node gets a vector here; got {self.min_count}.")
        own = self.get_params()
        return {"n_walks": own["walk_number"], "walk_length": own["walk_length"], "n_components": own["dimensions"],
                "n_jobs": own["workers"], "window": own["window_size"], "n_epochs": own["epochs"],
                "learning_rate": own["learning_rate"], "subsample": 1e-3, "random_state": own["seed"]}


class DeepWalk(_Walks):
    """DeepWalk with karateclub's parameters; see `graphemb.DeepWalk`."""

    def __init__(self, walk_number: int = 10, walk_length: int = 80, dimensions: int = 128, workers: int = 4,
                 window_size: int = 5, epochs: int = 1, learning_rate: float = 0.05, min_count: int = 1,
                 seed: int = 42) -> None:
        self.walk_number = walk_number
        self.walk_length = walk_length
        self.dimensions = dimensions
        self.workers = workers
        self.window_size = window_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.min_count = min_count
        self.seed = seed

    def _model(self) -> Any:
        return deepwalk.DeepWalk(**self._shared())


class Node2Vec(_Walks):
    """node2vec with karateclub's parameters; see `graphemb.Node2Vec`."""

    def __init__(self, walk_number: int = 10, walk_length: int = 80, p: float = 1.0, q: float = 1.0,
                 dimensions: int = 128, workers: int = 4, window_size: int = 5, epochs: int = 1,
                 learning_rate: float = 0.05, min_count: int = 1, seed: int = 42) -> None:
        self.walk_number = walk_number
        self.walk_length = walk_length
        self.p = p
        self.q = q
        self.dimensions = dimensions
        self.workers = workers
        self.window_size = window_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.min_count = min_count
        self.seed = seed

    def _model(self) -> Any:
        return node2vec.Node2Vec(p=self.p, q=self.q, **self._shared())


class Walklets(_Walks):
    """Walklets with karateclub's parameters: `dimensions` for each of `window_size` distances."""

    def __init__(self, walk_number: int = 10, walk_length: int = 80, dimensions: int = 32, workers: int = 4,
                 window_size: int = 4, epochs: int = 1, learning_rate: float = 0.05, min_count: int = 1,
                 seed: int = 42) -> None:
        self.walk_number = walk_number
        self.walk_length = walk_length
        self.dimensions = dimensions
        self.workers = workers
        self.window_size = window_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.min_count = min_count
        self.seed = seed

    def _model(self) -> Any:
        return walklets.Walklets(**self._shared() | {"n_components": self.dimensions * self.window_size})


class NetMF(Estimator):
    """NetMF with karateclub's parameters; `iteration` is accepted, for the solver here stops by its residual."""

    def __init__(self, dimensions: int = 32, iteration: int = 10, order: int = 2, negative_samples: int = 1,
                 seed: int = 42) -> None:
        self.dimensions = dimensions
        self.iterations = iteration
        self.order = order
        self.negative_samples = negative_samples
        self.seed = seed

    def _model(self) -> Any:
        return netmf.NetMF(self.dimensions, window=self.order, n_negative=self.negative_samples,
                           random_state=self.seed)


class GraRep(Estimator):
    """GraRep with karateclub's parameters: `dimensions` for each of `order` powers; `iteration` as in `NetMF`."""

    def __init__(self, dimensions: int = 32, iteration: int = 10, order: int = 5, seed: int = 42) -> None:
        self.dimensions = dimensions
        self.iterations = iteration
        self.order = order
        self.seed = seed

    def _model(self) -> Any:
        return grarep.GraRep(self.dimensions * self.order, n_steps=self.order, random_state=self.seed)


class HOPE(Estimator):
    """HOPE of common neighbours with karateclub's parameters: half of `dimensions` as a source, half as a target."""

    def __init__(self, dimensions: int = 128, seed: int = 42) -> None:
        self.dimensions = dimensions
        self.seed = seed

    def _model(self) -> Any:
        return hope.HOPE(self.dimensions // 2, similarity="common", random_state=self.seed)

    def _vectors(self, model: Any) -> np.ndarray:
        return np.concatenate([model.embedding_, model.context_embedding_], axis=1)


class RandNE(Estimator):
    """RandNE with karateclub's parameters: `alphas` weigh the powers 1, 2, ... of the adjacency matrix.

    There the matrix is divided by the degrees and columns are standardised, which the paper does not.
    """

    def __init__(self, dimensions: int = 128, alphas: Sequence[float] = (0.5, 0.5), seed: int = 42) -> None:
        self.dimensions = dimensions
        self.alphas = alphas
        self.seed = seed

    def _model(self) -> Any:
        return randne.RandNE(self.dimensions, weights=(0.0, *self.alphas), random_state=self.seed)


class LaplacianEigenmaps(Estimator):
    """Laplacian eigenmaps with karateclub's parameters.

    The eigenvectors of the smallest eigenvalues, the constant one left out, as in the paper (there: the largest).
    """

    def __init__(self, dimensions: int = 128, maximum_number_of_iterations: int = 100, seed: int = 42) -> None:
        self.dimensions = dimensions
        self.maximum_number_of_iterations = maximum_number_of_iterations
        self.seed = seed

    def _model(self) -> Any:
        return laplacian_eigenmaps.LaplacianEigenmaps(self.dimensions, max_iter=self.maximum_number_of_iterations,
                                                      random_state=self.seed)
