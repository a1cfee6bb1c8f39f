"""Node labels and pairs of nodes as features: an embedding as a step of a scikit-learn pipeline."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, check_memory

from graphemb import io
from graphemb._validation import check_bool, check_choice
from graphemb.graph import Graph, as_graph
from graphemb.links import OPERATORS, as_pairs, edge_features, is_edge, is_in


class NodeFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Look nodes up by label in an embedding of their graph.

    The whole graph is embedded, whichever nodes `fit` is given: labels take no part in it, so the vectors of test
    nodes tell nothing of theirs.

    Parameters
    ----------
    embedder : estimator
        What embeds, for example ``Node2Vec(random_state=0)``. It is cloned, never fitted itself.
    graph : Graph or anything `as_graph` takes
        Give a `Graph`: it is handed on as it is, where scikit-learn copies other kinds for each fold.
    memory : path, joblib.Memory or None, default=None
        Where fitted embedders are kept, by their class and parameters and the graph's `fingerprint`: a search then
        embeds once for each setting of the embedder, not once a fold, also where ``n_jobs`` processes ask for the
        same one at a time. With ``random_state=None`` all folds get the one that was kept.
    unknown : {"error", "zero", "infer"}, default="error"
        A label that was not in the graph at `fit` raises, or gets a zero vector. Or, with ``"infer"``, is folded in
        by the embedder from its edges in the present `graph`: where nodes came later,
        ``set_params(nodefeatures__graph=larger)`` after `fit` says how they are linked.

    Attributes
    ----------
    embedder_ : estimator
        Fitted on the graph.

    Raises
    ------
    KeyError
        In `fit` and `transform`, for an unknown label.
    TypeError, ValueError
        In `fit`, if a parameter is not acceptable, or X is not one-dimensional.

    Examples
    --------
    >>> import tempfile
    >>> import networkx as nx
    >>> from graphemb import Graph, Node2Vec, NodeFeatures
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> club = nx.karate_club_graph()
    >>> graph, node_ids, y = Graph.from_networkx(club), list(club), [club.nodes[v]["club"] for v in club]
    >>> with tempfile.TemporaryDirectory() as memory:
    ...     pipe = make_pipeline(NodeFeatures(Node2Vec(random_state=0), graph, memory=memory), LogisticRegression())
    ...     search = GridSearchCV(pipe, {"nodefeatures__embedder__q": [0.5, 1, 2]}).fit(node_ids, y)
    >>> bool(search.best_score_ > 0.9)
    True
    """

    def __init__(self, embedder: Any, graph: Any, *, memory: Any = None, unknown: str = "error") -> None:
        self.embedder = embedder
        self.graph = graph
        self.memory = memory
        self.unknown = unknown

    def fit(self, X: Any, y: Any = None) -> NodeFeatures:
        """Embed the graph.

        Parameters
        ----------
        X : sequence of node labels
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        check_choice("unknown", self.unknown, ("error", "zero", "infer"))
        graph = as_graph(self.graph)
        labels = _labels(X)
        if self.unknown == "error":
            graph.index_of(labels)
        self.embedder_ = _embed(self.embedder, graph, self.memory)
        self._n_features_out = self.embedder_.vectors_.array.shape[1]
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the vectors of nodes.

        Parameters
        ----------
        X : sequence of node labels

        Returns
        -------
        vectors : ndarray of shape (n_labels, n_components), dtype=float32
        """
        check_is_fitted(self, "embedder_")
        labels, table = _labels(X), self.embedder_.vectors_
        if self.unknown == "error":
            return table[labels]
        known = np.fromiter((label in table for label in labels), bool, len(labels))
        vectors = np.zeros((len(labels), table.array.shape[1]), np.float32)
        vectors[known] = table[[label for label, there in zip(labels, known, strict=True) if there]]
        new = np.flatnonzero(~known)
        if len(new) and self.unknown == "infer":
            graph = as_graph(self.graph)
            vectors[new] = np.asarray(self.embedder_.transform(graph))[graph.index_of([labels[i] for i in new])]
        return vectors

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array, tags.input_tags.two_d_array = True, False
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


class EdgeFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Features of pairs of nodes from an embedding of a graph without the edges that are to be told.

    Parameters
    ----------
    embedder : estimator
        What embeds. It is cloned, never fitted itself.
    graph : Graph or anything `as_graph` takes
        The residual graph, every labelled positive taken out, as `split_edges` returns it.
    operator : {"hadamard", "average", "l1", "l2", "concat"}, default="hadamard"
        How the vectors of the two ends make the features of a pair: their product, mean, absolute difference, its
        square, column by column [1]_; or both side by side. Of a directed graph, the first node's vector is
        that of a source and the second's that of a target (`target_vectors_` of the embedder).
    include_train_edges : bool, default=False
        Allow that pairs given to `fit` are edges of the graph, the node2vec paper's protocol. Their vectors
        have then seen the answer, those of other pairs have not: the classifier learns from easier pairs than it
        is tested on.
    memory : path, joblib.Memory or None, default=None
        As in `NodeFeatures`.

    Attributes
    ----------
    embedder_ : estimator
        Fitted on the graph.

    Raises
    ------
    ValueError
        In `fit`, if a labelled pair is an edge of the graph, unless `include_train_edges`. In `transform`, if a pair
        that `fit` was not given is.
    KeyError
        If a node is not in the graph.

    References
    ----------
    .. [1] Grover, Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016, table 1 and section 4.4.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import AdjacencySpectral, EdgeFeatures, split_edges
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> split = split_edges(nx.les_miserables_graph(), train_size=0.2, test_size=0.2, random_state=0)
    >>> features = EdgeFeatures(AdjacencySpectral(n_components=8, random_state=0), split.graph)
    >>> model = make_pipeline(features, LogisticRegression()).fit(split.X_train, split.y_train)
    >>> bool(model.score(split.X_test, split.y_test) > 0.7)
    True
    >>> EdgeFeatures(AdjacencySpectral(), nx.les_miserables_graph()).fit(split.X_train, split.y_train)
    Traceback (most recent call last):
        ...
    ValueError: 51 of the 102 labelled pairs are edges of graph, the first ...
    """

    def __init__(self, embedder: Any, graph: Any, *, operator: str = "hadamard", include_train_edges: bool = False,
                 memory: Any = None) -> None:
        self.embedder = embedder
        self.graph = graph
        self.operator = operator
        self.include_train_edges = include_train_edges
        self.memory = memory

    def fit(self, X: Any, y: Any = None) -> EdgeFeatures:
        """Check that no labelled pair is in the graph, and embed it.

        Parameters
        ----------
        X : sequence of (u, v), or array of labels of shape (n_pairs, 2)
        y : None
            Ignored: a pair labelled 0 must not be an edge either.

        Returns
        -------
        self : object
        """
        check_choice("operator", self.operator, OPERATORS)
        allowed = check_bool("include_train_edges", self.include_train_edges)
        graph = as_graph(self.graph)
        rows = _ends(graph, X)
        present = is_edge(graph, *rows)
        if present.any() and not allowed:
            raise ValueError(
                f"{int(present.sum())} of the {len(present)} labelled pairs are edges of graph, the first "
                f"{_first(graph, rows, present)}: the vectors would know the answer. Embed the residual graph, "
                "split_edges(graph).graph, or pass include_train_edges=True.")
        self.embedder_ = _embed(self.embedder, graph, self.memory)
        self._trained = np.unique(_pair_keys(graph, *rows))
        self._n_features_out = self.embedder_.vectors_.array.shape[1] * (2 if self.operator == "concat" else 1)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the features of pairs.

        Parameters
        ----------
        X : sequence of (u, v), or array of labels of shape (n_pairs, 2)

        Returns
        -------
        features : ndarray of shape (n_pairs, n_components), dtype=float32
            Twice as many columns with ``operator="concat"``.
        """
        check_is_fitted(self, "embedder_")
        graph = self.embedder_.graph_
        rows = _ends(graph, X)
        leaks = is_edge(graph, *rows) & ~is_in(_pair_keys(graph, *rows), self._trained)
        if leaks.any():
            raise ValueError(
                f"{int(leaks.sum())} of the {len(leaks)} pairs are edges of the graph that was embedded, the first "
                f"{_first(graph, rows, leaks)}, and were not given to fit: their vectors know the answer. Take them "
                "out of the graph before it is embedded; see split_edges.")
        source = self.embedder_.vectors_
        target = getattr(self.embedder_, "target_vectors_", source) if graph.directed else source
        return edge_features(source.array[rows[0]], target.array[rows[1]], self.operator)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _embed(embedder: Any, graph: Graph, memory: Any) -> Any:
    """A clone of `embedder`, fitted on `graph`: now, or earlier and kept in `memory`."""
    memory = check_memory(os.fspath(memory) if isinstance(memory, os.PathLike) else memory)
    if memory.location is None:
        return _fitted((), embedder, graph)
    kind = type(embedder)
    key = f"{kind.__module__}.{kind.__qualname__}", embedder.get_params(), graph.fingerprint
    kept = memory.cache(_fitted, ignore=["embedder", "graph"])
    if kept.check_call_in_cache(key, embedder, graph) or not os.path.isdir(memory.location):
        return kept(key, embedder, graph)
    # Of processes that want the same one, one makes it and the others wait.
    with io.locked(os.path.join(memory.location, f"{joblib.hash(key)}.lock")):
        return kept(key, embedder, graph)


def _fitted(key: Any, embedder: Any, graph: Graph) -> Any:
    return clone(embedder).fit(graph)


def _labels(X: Any) -> list[Any]:
    """Node labels from a sequence of one dimension."""
    if isinstance(X, (str, bytes)) or not isinstance(X, Iterable):
        raise TypeError(f"X must be a sequence of node labels; got {X!r}. For one node pass [label].")
    if hasattr(X, "shape") and len(X.shape) != 1:
        raise ValueError(f"X must be a sequence of node labels, of one dimension; got shape {tuple(X.shape)}.")
    return X.tolist() if hasattr(X, "tolist") else list(X)


def _ends(graph: Graph, X: Any) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rows of the first and the second node of each pair."""
    pairs = as_pairs(X)
    return graph.index_of([u for u, _ in pairs]), graph.index_of([v for _, v in pairs])


def _pair_keys(graph: Graph, u: NDArray[np.int32], v: NDArray[np.int32]) -> NDArray[np.int64]:
    """A number for each pair, the same in both directions where the graph has none."""
    low, high = (u, v) if graph.directed else (np.minimum(u, v), np.maximum(u, v))
    return low.astype(np.int64) * graph.n_nodes + high


def _first(graph: Graph, rows: tuple[NDArray[np.int32], NDArray[np.int32]], which: NDArray[np.bool_]) -> str:
    k = int(np.argmax(which))
    return f"({graph.nodes[int(rows[0][k])]!r}, {graph.nodes[int(rows[1][k])]!r})"
