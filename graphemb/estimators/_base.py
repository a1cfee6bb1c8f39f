"""What every estimator shares: input, output, and the way back from new rows to fitted nodes."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from graphemb._validation import check_int, check_n_jobs
from graphemb.adjacency import check_kind, check_sparse
from graphemb.embedding import Embedding
from graphemb.forecast import SAMPLES, Estimate, by_samples, check_memory, sample
from graphemb.graph import Graph, as_graph
from graphemb.rotation import rotated, rotation_onto

Report = dict[str, Any]
RMS_LENGTH = 1.5
"""Root mean square length of rows that were scaled: the regularisation of classifiers suits it."""


class BaseEmbedding(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of all estimators: a method adds `__init__`, `_embed` and `_fold_in`.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        One row a node, in the order of `nodes_`. Columns the graph has no dimension for are zero.
    nodes_ : range or tuple
        Node labels by row.
    graph_ : Graph
        The graph of the fit.
    n_features_in_ : int
        Number of nodes: scikit-learn sees a graph as its square adjacency matrix.
    feature_names_in_ : ndarray of shape (n_nodes,), dtype=object
        Column names, where X was a DataFrame with only strings for column names.
    fit_report_ : dict
        What was done: `seconds` by stage (with `"total"`), `n_nodes`, `n_edges`, `n_isolated`,
        `warnings` (messages of the method) and what the method adds.
    """

    n_components: int
    n_jobs: int | None
    verbose: int
    callbacks: Any
    weight: str | None

    # -- what a method writes -------------------------------------------------------------------

    def _validate(self) -> None:
        """Check the parameters. A method with more of them extends this; `fit` calls it first."""
        check_int("n_components", self.n_components, 1)
        check_n_jobs(self.n_jobs)
        if not isinstance(self.verbose, (bool, np.bool_)):
            check_int("verbose", self.verbose, 0)
        if not isinstance(self.callbacks, (tuple, list)) or not all(map(callable, self.callbacks)):
            raise TypeError(f"callbacks must be a tuple or list of callables; got {self.callbacks!r}.")

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        """Return the vectors of `graph`, float array of shape (n_nodes, k) with k <= n_components.

        `report` becomes `fit_report_`; `report["seconds"]` is a dict to add stages to, and
        `warn(report, message)` warns and keeps the message.
        """
        raise NotImplementedError

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        """Return the vectors of new nodes, float array of shape (n_new, k) with k <= n_components.

        `enlarged` holds the fitted nodes with the fitted edges in its first `n_fitted` rows and the
        new nodes after them, each with at least one edge to or from a fitted node. Nothing of
        the estimator may change, and the same call must give the same result.
        """
        raise NotImplementedError

    def _update(self, graph: Graph, rows: np.ndarray, report: Report) -> np.ndarray:
        """Return the vectors of a graph that followed `graph_`, as near to the old ones as the method can.

        `rows` holds the row of each of its nodes in `graph_`, -1 if new: int64, shape (n_nodes,). Here: a new fit,
        rotated onto the old vectors of the nodes that stayed.
        """
        vectors = self._padded(self._embed(graph, report), graph.n_nodes, int(self.n_components))
        stayed = rows >= 0
        self._turn: np.ndarray | None = rotation_onto(vectors[stayed], self.embedding_[rows[stayed]])
        targets = vars(self).get("context_embedding_")
        if targets is not None:
            setattr(self, "context_embedding_", rotated(targets, self._turn))  # noqa: B010  # a property in some
        return rotated(vectors, self._turn)

    def _turned(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors as the last fit made them, rotated as `partial_fit` rotated that fit."""
        return vectors if self._turn is None else rotated(vectors, self._turn)

    def _scheme(self, graph: Graph) -> tuple[str, dict[str, Any]]:
        """Which way `fit` will take on `graph`, and the parameters that hold a fit on a sample to it."""
        return "one way, whatever the graph", {}

    def _forecast(self, X: Any, graph: Graph, max_memory: float | None) -> Estimate:
        """What `fit(X)` will take; from fits on samples. A method that knows better overrides this."""
        scheme, fixed = self._scheme(graph)
        n = graph.n_nodes
        whole = {name: value for name, value in self.get_params(deep=False).items()
                 if getattr(value, "shape", (0,))[:1] == (n,)}  # a row a node

        def fit(part: tuple[np.ndarray, Graph]) -> None:
            rows, sampled = part
            model = clone(self).set_params(verbose=0, callbacks=(), **fixed)
            model.set_params(**{name: value[rows] for name, value in whole.items()}).fit(sampled)

        name, remedy = type(self).__name__, "Lower n_components, or take a method that needs less."
        check_memory(8.0 * n * self.n_components, max_memory, name, remedy)  # before anything is run
        memory, seconds = by_samples(fit, n, lambda size: (np.arange(n), graph) if size == n else sample(graph, size))
        check_memory(memory, max_memory, name, remedy)
        return Estimate(memory, seconds, None, scheme, "the fit itself, which is small" if n <= SAMPLES[-1] else
                        f"fits on samples of {', '.join(f'{size:,}' for size in SAMPLES)} nodes, carried on")

    # -- scikit-learn's side --------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> BaseEmbedding:
        """Learn a vector for every node.

        Parameters
        ----------
        X : Graph, NetworkX graph, igraph, PyG Data, or square array, sparse matrix or DataFrame
            The graph; see `graphemb.Graph` for how edges are read. A matrix is an adjacency matrix.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError, ValueError
            If a parameter or the graph is invalid; the message names it and the remedy.
        FloatingPointError
            If the method diverged to vectors that are not finite.
        """
        start = time.perf_counter()
        self._validate()
        self._turn = None
        return self._learn(X, as_graph(X, weight=self.weight), start, self._embed)

    def estimate(self, X: Any, *, max_memory: float | None = None) -> Estimate:
        """Tell what `fit(X)` will take on this machine, before it is run.

        Parameters
        ----------
        X : as in `fit`
        max_memory : float, optional
            Bytes that the fit may take.

        Returns
        -------
        estimate : graphemb.forecast.Estimate
            `memory_bytes`, `seconds`, `tokens`, `scheme` and `basis`; printed, a line each.

        Raises
        ------
        MemoryError
            If the fit would need more than `max_memory`.
        TypeError, ValueError
            As `fit`.

        Notes
        -----
        Nothing of the estimator changes. It takes a second or a few: walk methods train for half a second on the
        graph itself, and reckon memory from their tables; the others fit on samples of it, with as many edges a
        node, and carry on what they took. Measured peaks were within half and twice the estimate; times vary more,
        since a larger graph leaves the caches.

        Examples
        --------
        >>> import networkx as nx
        >>> from graphemb import DeepWalk
        >>> estimate = DeepWalk(n_walks=2, walk_length=10).estimate(nx.les_miserables_graph())
        >>> estimate.tokens
        1540
        >>> estimate.scheme
        'first-order walks; native trainer, the same bytes at any number of threads'
        """
        self._validate()
        return self._forecast(X, as_graph(X, weight=self.weight), max_memory)

    def partial_fit(self, X: Any, y: Any = None) -> BaseEmbedding:
        """Follow a graph that changed: nodes and edges came or went, and vectors stay where they can.

        Parameters
        ----------
        X : graph as in `fit`
            The whole graph as it is now. Its nodes are matched with the fitted ones by label; of a matrix, by number.
        y : None
            Ignored.

        Returns
        -------
        self : object
            `embedding_` and all else as after `fit`, in the order of X. `fit_report_` has also `moved`: how far each
            node's vector is from its old one, in units of the root mean square length of the old ones, NaN
            for a new node (ndarray of shape (n_nodes,), dtype=float64); and the counts `n_new` and `n_gone`.

        Raises
        ------
        ValueError
            Besides what `fit` raises: if n_components changed, if X is directed where the fitted graph is not or the
            other way round, or if no fitted node is left.

        Notes
        -----
        The first call is `fit`. The walk methods train further (`DeepWalk` and `Node2Vec` on the walks that the change
        made new, others on a whole corpus). The rest fit anew and rotate the result onto the old vectors of the nodes
        that stayed: the same vectors up to a rotation, so columns are no longer in the order of eigenvalues;
        call `fit` to have that again.
        """
        if not hasattr(self, "embedding_"):
            return self.fit(X)
        start = time.perf_counter()
        self._validate()
        if _is_matrix(X) and len(shape := np.shape(X)) == 2 and shape[0] != shape[1]:
            validate_data(self, X, reset=False, accept_sparse=True)
        graph = as_graph(X, weight=self.weight)
        old = self.vectors_
        if old.array.shape[1] != self.n_components:
            raise ValueError(f"n_components must stay {old.array.shape[1]} in partial_fit; got {self.n_components}. To "
                             "change it call fit.")
        if graph.directed != self.graph_.directed:
            kind, other = ("directed", "undirected") if graph.directed else ("undirected", "directed")
            raise ValueError(f"X is {kind} but the fitted graph is {other}; make X {other}, or call fit.")
        rows = _rows_of(graph.nodes, self.nodes_)
        stayed = np.flatnonzero(rows >= 0)
        if not len(stayed):
            raise ValueError(f"X has none of the {len(self.nodes_)} fitted nodes, so there is nothing to go on from; "
                             "call fit.")
        self._learn(X, graph, start, lambda graph, report: self._update(graph, rows, report))
        moved = np.full(graph.n_nodes, np.nan)
        before = old.array[rows[stayed]].astype(np.float64)
        length = np.sqrt(np.square(old.array, dtype=np.float64).sum(axis=1).mean())
        moved[stayed] = np.linalg.norm(self.embedding_[stayed] - before, axis=1) / (length or 1.0)
        self.fit_report_.update(moved=moved, n_new=graph.n_nodes - len(stayed), n_gone=len(old) - len(stayed))
        return self

    def _learn(self, X: Any, graph: Graph, start: float, embed: Callable[[Graph, Report], np.ndarray]) -> BaseEmbedding:
        """Embed the graph that X is, and keep what came out."""
        if _is_matrix(X):
            validate_data(self, X, skip_check_array=True)
        else:
            self.n_features_in_ = graph.n_nodes
            if hasattr(self, "feature_names_in_"):
                del self.feature_names_in_

        report: Report = {
            "n_nodes": graph.n_nodes, "n_edges": graph.n_edges, "n_isolated": _count_isolated(graph),
            "seconds": {"graph": time.perf_counter() - start}, "warnings": [],
        }
        try:
            found = embed(graph, report)
        except np.linalg.LinAlgError as error:
            raise FloatingPointError(f"{type(self).__name__} failed: {error}. The weights of the graph, "
                                     f"{_range(graph)}, may be out of the method's range; rescale them.") from error
        vectors = self._padded(found, graph.n_nodes, int(self.n_components))
        report["seconds"]["total"] = time.perf_counter() - start
        self.embedding_ = vectors
        self.nodes_ = graph.nodes
        self.graph_ = graph
        self._given = _rounded_rows(X, graph) if _is_matrix(X) else None
        self.fit_report_ = report
        self._n_features_out = vectors.shape[1]
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn a vector for every node and return them.

        Parameters
        ----------
        X : as in `fit`
        y : None
            Ignored.

        Returns
        -------
        embedding : ndarray of shape (n_nodes, n_components), dtype=float32
            `embedding_` itself, or a DataFrame after `set_output`; of a graph, a pandas one has
            the node labels as its index.
        """
        return self._labelled(self.fit(X).embedding_, X, self.nodes_)

    def transform(self, X: Any) -> Any:
        """Return the learned vectors of fitted nodes, and fold new nodes in.

        Parameters
        ----------
        X : Graph, NetworkX graph, igraph or PyG Data; or matrix of shape (n_rows, number of fitted nodes)
            Of a graph, a row for each of its nodes, matched by label; nodes not seen in `fit` are
            folded in from their edges to fitted nodes. Of a matrix (array, list, sparse or DataFrame),
            a row that equals a row of the fitted adjacency matrix is that node, any other row is a new
            node with these edges to the fitted nodes. Where several nodes were fitted with the same
            row, its first occurrence in X is the first of them, its second the second, and so on
            round.

        Returns
        -------
        vectors : ndarray of shape (n_rows, n_components), dtype=float32
            Or a DataFrame after `set_output`. A node with no edge to a fitted node gets zeros.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If X is not finite, has a negative weight, or does not have a column for each fitted node;
            if new nodes are to be folded in and X is directed where the fitted graph is not, or
            the other way round.

        Warns
        -----
        UserWarning
            With the number of new nodes without an edge to a fitted node.
        """
        check_is_fitted(self, "embedding_")
        if _is_matrix(X):
            return self._rows(*self._match_matrix(X))
        graph = as_graph(X, weight=self.weight)
        return self._labelled(self._rows(*self._match_graph(graph)), X, graph.nodes)

    @property
    def vectors_(self) -> Embedding:
        """The fitted vectors as a lookup table by node label."""
        check_is_fitted(self, "embedding_")
        return Embedding(self.nodes_, self.embedding_)

    @property
    def target_vectors_(self) -> Embedding:
        """Vectors of the nodes as targets of arcs, where `vectors_` has them as sources.

        The context vectors of a method that has them, else `vectors_`. The score of u -> v is
        ``vectors_[u] @ target_vectors_[v]``.
        """
        check_is_fitted(self, "embedding_")
        context = getattr(self, "context_embedding_", getattr(self, "context_", None))
        return self.vectors_ if context is None else Embedding(self.nodes_, context)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    # -- from input rows to nodes ---------------------------------------------------------------

    def _match_graph(self, graph: Graph) -> tuple[np.ndarray, sparse.coo_array]:
        """Fitted row of each node of `graph` (-1: new) and the edges at new nodes."""
        row_of = _rows_of(graph.nodes, self.nodes_)
        new = np.flatnonzero(row_of < 0)
        if len(new) and graph.directed != self.graph_.directed:
            kind, other = ("directed", "undirected") if graph.directed else ("undirected", "directed")
            raise ValueError(
                f"X is {kind} but the fitted graph is {other}, so its {len(new)} new nodes cannot be folded "
                f"in; make X {other}, or fit on a {kind} graph.")
        place = row_of.copy()
        place[new] = self.graph_.n_nodes + np.arange(len(new))
        edges = graph.to_scipy().tocoo()
        at_new = (row_of[edges.row] < 0) | (row_of[edges.col] < 0)
        n = self.graph_.n_nodes + len(new)
        return row_of, sparse.coo_array(
            (edges.data[at_new], (place[edges.row[at_new]], place[edges.col[at_new]])), shape=(n, n))

    def _match_matrix(self, X: Any) -> tuple[np.ndarray, sparse.coo_array]:
        """Fitted row of each row of X (-1: new) and the edges at new nodes."""
        if sparse.issparse(X):  # before SciPy's code trusts them
            check_sparse(X)
        X = validate_data(self, X, reset=False, accept_sparse="csr")
        check_kind(X)
        check_non_negative(X, f"{type(self).__name__}.transform")
        rows = _canonical(X)
        fitted = _canonical(self.graph_.to_scipy())
        same: dict[bytes, list[int]] = {}
        for node in range(fitted.shape[0]):
            for key in {_key(A, node) for A in (fitted, self._given) if A is not None}:
                same.setdefault(key, []).append(node)
        taken: dict[bytes, int] = {}
        row_of = np.full(rows.shape[0], -1, np.int64)
        for i in range(rows.shape[0]):
            key = _key(rows, i)
            if key in same:
                row_of[i] = same[key][taken.get(key, 0) % len(same[key])]
                taken[key] = taken.get(key, 0) + 1

        new = rows[np.flatnonzero(row_of < 0)].tocoo()
        n_fitted, n = fitted.shape[0], fitted.shape[0] + new.shape[0]
        row, col, data = n_fitted + new.row, new.col, new.data
        if not self.graph_.directed:
            row, col, data = np.r_[row, col], np.r_[col, row], np.r_[data, data]
        return row_of, sparse.coo_array((data, (row, col)), shape=(n, n))

    def _rows(self, row_of: np.ndarray, new_edges: sparse.coo_array, fitted: np.ndarray | None = None,
              fold_in: Callable[[Graph, int], np.ndarray] | None = None) -> np.ndarray:
        """Vectors of the nodes `row_of`, those that are -1 folded in over `new_edges`.

        `fitted` and `fold_in` stand in for `embedding_` and `_fold_in`.
        """
        vectors = (self.embedding_ if fitted is None else fitted)[row_of]
        new = np.flatnonzero(row_of < 0)
        if not len(new):
            return vectors
        n_fitted = self.graph_.n_nodes
        linked = np.zeros(n_fitted + len(new), bool)
        linked[:n_fitted] = True
        linked[new_edges.row[new_edges.col < n_fitted]] = True
        linked[new_edges.col[new_edges.row < n_fitted]] = True
        vectors[new] = 0
        n_unlinked = int((~linked).sum())
        if n_unlinked:
            warnings.warn(
                f"{n_unlinked} of {len(new)} new nodes have no edge to a fitted node and get zero vectors.",
                UserWarning, stacklevel=4)
        new = new[linked[n_fitted:]]
        if len(new):
            enlarged = _enlarge(self.graph_, new_edges, np.flatnonzero(linked))
            folded = (fold_in or self._fold_in)(enlarged, n_fitted)
            vectors[new] = self._turned(self._padded(folded, len(new), vectors.shape[1]))
        return vectors

    def _padded(self, vectors: np.ndarray, n_rows: int, n_components: int) -> np.ndarray:
        """Float32 with exactly n_components columns, and finite."""
        if vectors.ndim != 2 or vectors.shape[0] != n_rows or vectors.shape[1] > n_components:
            raise ValueError(f"{type(self).__name__} made vectors of shape {vectors.shape}; expected "
                             f"({n_rows}, at most {n_components}). This is a bug in the method.")
        with np.errstate(over="ignore"):  # said better below
            out = np.ascontiguousarray(vectors, dtype=np.float32)
        bad = np.flatnonzero(~np.isfinite(out).all(axis=1))
        if len(bad):
            remedy = "Try a smaller learning_rate, or rescale" if hasattr(self, "learning_rate") else "Rescale"
            raise FloatingPointError(
                f"{type(self).__name__} diverged: the vectors of {len(bad)} of {n_rows} nodes are not finite "
                f"(first: row {bad[0]}). {remedy} the weights of the graph.")
        if out.shape[1] < n_components:
            out = np.pad(out, ((0, 0), (0, n_components - out.shape[1])))
        return out

    def _labelled(self, vectors: np.ndarray, X: Any, nodes: Any) -> Any:
        """As a pandas DataFrame with `nodes` for index where X is a graph and pandas is asked for."""
        if _is_matrix(X) or _get_output_config("transform", self)["dense"] != "pandas":
            return vectors  # scikit-learn's own wrapper does the rest
        import pandas as pd

        return pd.DataFrame(vectors, index=pd.Index(nodes, tupleize_cols=False), copy=False)


def warn(report: Report, message: str, category: type[Warning] = UserWarning) -> None:
    """Warn about the fit, where it was asked for, and keep the message in its report."""
    report["warnings"].append(message)
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("graphemb."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _rows_of(labels: Sequence[Any], nodes: Sequence[Any]) -> np.ndarray:
    """Row among `nodes` of each label, -1 where it is not there: int64, shape (len(labels),)."""
    known = {label: row for row, label in enumerate(nodes)}
    return np.fromiter((known.get(label, -1) for label in labels), np.int64, len(labels))


def scale_rows(Y: np.ndarray, power: float) -> np.ndarray:
    """Rows divided by that power of their length; zero rows stay."""
    length = np.sqrt(_squares(Y))[:, None]
    factor = np.where(length > 0, length, 1) ** -power
    return np.multiply(Y, factor, out=np.empty_like(Y), dtype=np.float64, casting="same_kind")


def rms_factor(Y: np.ndarray) -> float:
    """What brings the root mean square length of the rows that are not zero to `RMS_LENGTH`."""
    squares = _squares(Y)
    squares = squares[squares > 0]
    return RMS_LENGTH / float(np.sqrt(squares.mean())) if len(squares) else 1.0


def _squares(Y: np.ndarray) -> np.ndarray:
    """Squared length of each row, in float64: of rows in float32 it may be beyond float32."""
    return np.einsum("ij,ij->i", Y, Y, dtype=np.float64)


def _is_matrix(X: Any) -> bool:
    return sparse.issparse(X) or isinstance(X, (list, tuple)) or hasattr(X, "__array__")


def _range(graph: Graph) -> str:
    weights = graph.weights
    return "all 1" if weights is None else f"from {weights.min():.3g} to {weights.max():.3g}"


def _count_isolated(graph: Graph) -> int:
    """Number of nodes without any edge."""
    linked = np.diff(graph.indptr) > 0
    linked[graph.indices] = True
    return int((~linked).sum())


def _rounded_rows(X: Any, graph: Graph) -> sparse.csr_array | None:
    """The rows of X where the graph replaced entries that differ by rounding with their mean, else None."""
    if graph.directed or graph.weights is None:
        return None
    rows = _canonical(X if sparse.issparse(X) else np.asarray(X, dtype=np.float64))
    return None if np.array_equal(rows.data, graph.weights) else rows


def _canonical(X: Any) -> sparse.csr_array:
    """Rows as the Graph keeps them: float32, sorted, duplicates summed, no zeros."""
    if sparse.issparse(X):
        X = X.tocsr()
        A = sparse.csr_array((X.data.astype(np.float64), X.indices, X.indptr), shape=X.shape, copy=True)
    else:
        A = sparse.csr_array(np.asarray(X, np.float64))
    A.sum_duplicates()
    A.eliminate_zeros()
    with np.errstate(over="ignore"):  # said better below
        data = A.data.astype(np.float32)
    lost = ~np.isfinite(data) | (data == 0)
    if lost.any():
        k = int(np.flatnonzero(lost)[0])
        row = int(np.searchsorted(A.indptr, k, side="right")) - 1
        raise ValueError(f"X[{row}, {A.indices[k]}] is {A.data[k]}, which float32 cannot hold; rescale X "
                         "(and the graph of the fit alike).")
    rows = sparse.csr_array((data, A.indices, A.indptr), shape=A.shape)
    rows.indices = rows.indices.astype(np.int32)  # the constructor may have widened them, and keys are bytes
    return rows


def _key(A: sparse.csr_array, row: int) -> bytes:
    """The content of a canonical row; equal rows have equal keys."""
    cut = slice(A.indptr[row], A.indptr[row + 1])
    return A.indices[cut].tobytes() + A.data[cut].tobytes()


def _enlarge(graph: Graph, new_edges: sparse.coo_array, keep: np.ndarray) -> Graph:
    """`graph` with `new_edges` among more rows, of which only `keep` stay."""
    old = graph.to_scipy().tocoo()
    both = sparse.coo_array(
        (np.r_[old.data, new_edges.data], (np.r_[old.row, new_edges.row], np.r_[old.col, new_edges.col])),
        shape=new_edges.shape).tocsr()
    both = both[keep][:, keep] if len(keep) < both.shape[0] else both
    both.sort_indices()
    return Graph(both.indptr, both.indices, both.data, directed=graph.directed)
