"""Protocols that say how good vectors are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from graphemb._parallel import blas_threads, ranges
from graphemb._validation import check_choice, check_int, check_real, check_seed
from graphemb.embedding import Embedding
from graphemb.graph import Graph, as_graph
from graphemb.links import KINDS, OPERATORS, EdgeSplit, as_labels, as_pairs, edge_features, is_edge, sample_non_edges
from graphemb.rotation import rotated, rotation_onto

BLOCK = 2**24  # cosines held at a time


@dataclass(frozen=True)
class Split:
    """One training and test split.

    Attributes
    ----------
    train_size : float
    index : int
        Number of the shuffle, the same for each train size.
    micro, macro : float
        F1 in [0, 1].
    n_absent : int
        Labels that no node of the training part has; they are never predicted before one that is there.
    n_unconverged : int
        Labels whose classifier stopped at its iteration limit.
    """

    train_size: float
    index: int
    micro: float
    macro: float
    n_absent: int
    n_unconverged: int


@dataclass(frozen=True)
class NodeClassification:
    """Scores of `node_classification`; printing it gives a table in per cent.

    Attributes
    ----------
    splits : tuple of Split
        By train size, then by shuffle.
    n_nodes : int
        Nodes that took part.
    n_unlabelled : int
        Nodes left out because they have no label.
    n_labels : int
    """

    splits: tuple[Split, ...]
    n_nodes: int
    n_unlabelled: int
    n_labels: int

    @property
    def micro(self) -> dict[float, float]:
        """Mean micro-F1 by train size."""
        return {size: float(np.mean(f1)) for size, f1 in self._by_size("micro").items()}

    @property
    def macro(self) -> dict[float, float]:
        """Mean macro-F1 by train size."""
        return {size: float(np.mean(f1)) for size, f1 in self._by_size("macro").items()}

    @property
    def micro_std(self) -> dict[float, float]:
        """Standard deviation of micro-F1 over the splits (divisor: their number) by train size."""
        return {size: float(np.std(f1)) for size, f1 in self._by_size("micro").items()}

    @property
    def macro_std(self) -> dict[float, float]:
        """Standard deviation of macro-F1 over the splits (divisor: their number) by train size."""
        return {size: float(np.std(f1)) for size, f1 in self._by_size("macro").items()}

    def _by_size(self, name: str) -> dict[float, list[float]]:
        out: dict[float, list[float]] = {}
        for split in self.splits:
            out.setdefault(split.train_size, []).append(getattr(split, name))
        return out

    def __str__(self) -> str:
        lines = [f"{'train':>6}  {'micro-F1':>12}  {'macro-F1':>12}"]
        for size in self.micro:
            cells = [f"{100 * mean[size]:.2f} ± {100 * std[size]:.2f}"
                     for mean, std in ((self.micro, self.micro_std), (self.macro, self.macro_std))]
            lines.append(f"{size:>6.0%}  {cells[0]:>12}  {cells[1]:>12}")
        lines.append(f"{self.n_nodes} nodes, {self.n_labels} labels, "
                     f"{len(self.splits) // max(1, len(self.micro))} splits")
        if self.n_unlabelled:
            lines.append(f"{self.n_unlabelled} nodes without a label left out")
        absent = [split.n_absent for split in self.splits]
        if any(absent):
            lines.append(f"labels absent from a training part: up to {max(absent)}")
        return "\n".join(lines)


def node_classification(Z: Any, Y: Any, *, train_sizes: Sequence[float] = (0.1, 0.5, 0.9),
                        n_splits: int = 10, C: float = 1.0, n_jobs: int | None = None,
                        random_state: Any = 0) -> NodeClassification:
    """Classify nodes from their vectors, in the protocol of the DeepWalk paper.

    One L2-regularised logistic regression for each label, on the vectors as they are, over random splits.
    Each test node is given as many labels as it truly has: those of highest score.

    Parameters
    ----------
    Z : Embedding, DataFrame or array of shape (n_nodes, n_components)
        One row a node.
    Y : array of shape (n_nodes,), indicator matrix of shape (n_nodes, n_labels), or sequence of label sets
        Labels by row of Z. One-dimensional: a label each, of any hashable type, None or NaN where
        there is none. Two-dimensional array, sparse matrix or DataFrame: 1 where a node has a label, else 0.
        A sequence of sets, frozensets, lists or tuples: the labels of each node. A node without labels
        is left out, and counted in the result.
    train_sizes : sequence of float in (0, 1), default=(0.1, 0.5, 0.9)
        Share of the nodes that is trained on, rounded down.
    n_splits : int, default=10
        Random shuffles; each train size uses the first part of each.
    C : float, default=1.0
        Inverse of the regularisation of the classifier.
    n_jobs : int or None, default=None
        Splits at a time, in joblib's words.
    random_state : int, Generator, RandomState or None, default=0
        Seed of the shuffles.

    Returns
    -------
    NodeClassification

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range, Z is not finite, Z and Y differ in length, or a split would
        leave one side empty.

    Warns
    -----
    ConvergenceWarning
        With the number of classifiers that stopped at their iteration limit.

    Notes
    -----
    A label that no training node has scores below all others, one that every training node has above
    all others. Micro-F1 pools the counts of all labels; macro-F1 is the mean over all labels,
    one with neither a true nor a predicted test node counting as 0. The authors' script used liblinear, which
    regularises the intercept too; this does not. The regressions are solved to scikit-learn's ``tol=1e-6``:
    at its default of 1e-4 lbfgs stops early enough to move micro-F1 by 0.3 per cent points.

    References
    ----------
    .. [1] Perozzi et al., "DeepWalk: online learning of social representations", KDD 2014, section 6.1.
    .. [2] Tang and Liu, "Relational learning via latent social dimensions", KDD 2009.

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.array([[-1.0], [1.0]] * 20)
    >>> result = node_classification(Z, ["left", "right"] * 20, train_sizes=[0.5], n_splits=3)
    >>> result.micro
    {0.5: 1.0}
    >>> print(result)
     train      micro-F1      macro-F1
       50%  100.00 ± 0.00  100.00 ± 0.00
    40 nodes, 2 labels, 3 splits
    """
    n_splits = check_int("n_splits", n_splits, 1)
    C = check_real("C", C, above=0)
    vectors = _as_vectors(Z)
    truth = _as_indicator(Y)
    if truth.shape[0] != vectors.shape[0]:
        raise ValueError(f"Z has {vectors.shape[0]} rows but Y labels {truth.shape[0]} nodes; "
                         "give labels for each row.")
    labelled = truth.any(axis=1)
    X, T = vectors[labelled], truth[labelled]
    n = len(X)
    sizes = [_check_train_size(size, n) for size in train_sizes]
    if not sizes:
        raise ValueError("train_sizes must hold at least one number; got none.")

    rng = np.random.default_rng(check_seed(random_state))
    shuffles = [rng.permutation(n) for _ in range(n_splits)]
    splits = Parallel(n_jobs=n_jobs)(
        delayed(_score_split)(X, T, shuffle, size, index, C)
        for size in sizes for index, shuffle in enumerate(shuffles))
    unconverged = sum(split.n_unconverged for split in splits)
    if unconverged:
        warnings.warn(f"{unconverged} of {len(splits) * T.shape[1]} classifiers stopped at their iteration "
                      "limit; scale the vectors or lower C.", ConvergenceWarning, stacklevel=2)
    return NodeClassification(tuple(splits), n, int((~labelled).sum()), T.shape[1])


def _score_split(X: np.ndarray, T: np.ndarray, shuffle: np.ndarray, size: float, index: int,
                 C: float) -> Split:
    cut = int(size * len(X))
    train, test = shuffle[:cut], shuffle[cut:]
    with blas_threads(1):  # many small solves: threads cost more than they bring
        scores, n_unconverged = _one_vs_rest(X[train], T[train], X[test], C)
    micro, macro = _f1(T[test], _top_k(scores, T[test].sum(axis=1)))
    return Split(size, index, micro, macro, int((~T[train].any(axis=0)).sum()), n_unconverged)


def _one_vs_rest(X: np.ndarray, T: np.ndarray, X_test: np.ndarray, C: float) -> tuple[np.ndarray, int]:
    """Scores of shape (n_test, n_labels), and how many classifiers did not converge."""
    n_positive = T.sum(axis=0)
    scores = np.full((len(X_test), T.shape[1]), -np.inf)
    scores[:, n_positive == len(X)] = np.inf
    n_unconverged = 0
    for label in np.flatnonzero((n_positive > 0) & (n_positive < len(X))):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = LogisticRegression(C=C, tol=1e-6, max_iter=1000).fit(X, T[:, label])
        for warning in caught:
            if issubclass(warning.category, ConvergenceWarning):
                n_unconverged += 1
            else:
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        scores[:, label] = model.decision_function(X_test)
    return scores, n_unconverged


def _top_k(scores: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Indicator of the k[i] highest scores of each row; of equal ones the first."""
    order = np.argsort(-scores, axis=1, kind="stable")
    predicted = np.zeros(scores.shape, bool)
    np.put_along_axis(predicted, order, np.arange(scores.shape[1]) < k[:, None], axis=1)
    return predicted


def _f1(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    hits = (truth & predicted).sum(axis=0)
    sizes = truth.sum(axis=0) + predicted.sum(axis=0)
    return float(2 * hits.sum() / sizes.sum()), float(np.mean(2 * hits / np.maximum(sizes, 1)))


def _check_train_size(size: Any, n: int) -> float:
    size = check_real("each of train_sizes", size, above=0)
    if not 0 < int(size * n) < n or size >= 1:
        raise ValueError(f"train_sizes must be in (0, 1) and leave a node on each side; got {size!r}, with "
                         f"{n} labelled nodes.")
    return size


def _as_vectors(Z: Any) -> np.ndarray:
    X = np.asarray(Z.array if isinstance(Z, Embedding) else Z)
    if X.ndim != 2 or not np.issubdtype(X.dtype, np.number) or np.iscomplexobj(X):
        raise ValueError(f"Z must be a real array of shape (n_nodes, n_components); got shape {X.shape} and "
                         f"dtype {X.dtype}.")
    X = X.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(X).all(axis=1))
    if len(bad):
        raise ValueError(f"Z must be finite; {len(bad)} of its rows are not (first: row {bad[0]}).")
    return X


def _as_indicator(Y: Any) -> np.ndarray:
    """Y as a boolean matrix of shape (n_nodes, n_labels)."""
    if sparse.issparse(Y):
        return _checked_indicator(Y.toarray())
    if isinstance(Y, (list, tuple)) and any(isinstance(y, (set, frozenset, list, tuple)) for y in Y):
        return _from_sets(Y)
    array = Y.to_numpy() if hasattr(Y, "to_numpy") else np.asarray(Y) if hasattr(Y, "__array__") else None
    if array is None:
        if isinstance(Y, (str, bytes)) or not isinstance(Y, Iterable):
            raise TypeError(f"Y must be labels, an indicator matrix or label sets; got {Y!r}.")
        return _from_sets([() if _is_missing(y) else (y,) for y in Y])
    if array.ndim == 2:
        return _checked_indicator(array)
    if array.ndim != 1:
        raise ValueError(f"Y must have one or two dimensions; got shape {array.shape}.")
    if any(isinstance(y, (set, frozenset, list, tuple)) for y in array):
        return _from_sets(array)
    return _from_sets([() if _is_missing(y) else (y,) for y in array.tolist()])


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas' NA has no truth value
        return True


def _checked_indicator(array: np.ndarray) -> np.ndarray:
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool) or not np.isin(array, (0, 1)).all():
        raise ValueError("Y with two dimensions must be an indicator matrix of 0 and 1; pass label sets as "
                         "a list of sets.")
    return array.astype(bool)


def _from_sets(sets: Iterable[Any]) -> np.ndarray:
    column: dict[Any, int] = {}
    pairs: list[tuple[int, int]] = []
    n = 0
    for n, labels in enumerate(sets, 1):
        if not isinstance(labels, (set, frozenset, list, tuple)):
            raise TypeError(f"Y must hold a set of labels for each node; row {n - 1} is {labels!r}.")
        # of a set the order of iteration may change between runs
        pairs.extend((n - 1, column.setdefault(label, len(column))) for label in sorted(labels, key=repr))
    indicator = np.zeros((n, len(column)), bool)
    if pairs:
        indicator[tuple(np.transpose(pairs))] = True
    return indicator


# --- links -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LinkScores:
    """Scores of held-out edges against one kind of non-edges.

    Attributes
    ----------
    auc : float
        Probability that an edge scores above a non-edge.
    average_precision : float
    hits : dict of int to float
        By k: the share of the edges that score above the k-th best non-edge; 1 where there are fewer than k.
    n_edges, n_non_edges : int
    """

    auc: float
    average_precision: float
    hits: dict[int, float]
    n_edges: int
    n_non_edges: int


@dataclass(frozen=True)
class LinkPrediction:
    """Scores of `link_prediction` by kind of non-edges; printing it gives a table in per cent.

    Attributes
    ----------
    scores : dict of str to LinkScores
    operator : str
    """

    scores: dict[str, LinkScores]
    operator: str

    def __getitem__(self, negatives: str) -> LinkScores:
        return self.scores[negatives]

    def __str__(self) -> str:
        ks = list(next(iter(self.scores.values())).hits)
        lines = [f"{'non-edges':>10}  {'AUC':>6}  {'AP':>6}" + "".join(f"  {f'hits@{k}':>9}" for k in ks)]
        for kind, found in self.scores.items():
            lines.append(f"{kind:>10}  {100 * found.auc:6.2f}  {100 * found.average_precision:6.2f}"
                         + "".join(f"  {100 * found.hits[k]:9.2f}" for k in ks))
        first = next(iter(self.scores.values()))
        lines.append(f"{first.n_edges} edges held out, scored by {self.operator}")
        return "\n".join(lines)


def link_prediction(model: Any, split: EdgeSplit, *, operator: str = "dot",
                    negatives: str | Sequence[str] = KINDS, k: Sequence[int] = (10, 100),
                    random_state: Any = 0) -> LinkPrediction:
    """Tell held-out edges from pairs without an edge, by the vectors of their ends.

    Parameters
    ----------
    model : fitted estimator, Embedding, or pair of Embeddings
        Of ``split.graph``. A pair holds the nodes as sources and as targets of arcs.
    split : EdgeSplit
        From `split_edges`.
    operator : {"dot", "cosine", "hadamard", "average", "l1", "l2", "concat"}, default="dot"
        The inner product or the cosine of the two vectors; or the score of a logistic regression on
        these features of a pair [1]_, standardised, learnt from ``split.X_train``.
    negatives : {"uniform", "degree", "hard", "split"} or a sequence of them, default=("uniform", "degree", "hard")
        What the test edges are told from: as many non-edges of the full graph, drawn as in `split_edges`; or
        those that the split holds. Uniform ones are easy: degrees alone tell most of them.
    k : sequence of int, default=(10, 100)
        Of hits@k.
    random_state : int, Generator, RandomState or None, default=0
        Seed of the non-edges.

    Returns
    -------
    LinkPrediction

    Raises
    ------
    TypeError, ValueError
        If a parameter is not acceptable, a node of the split is not in the model, an estimator was fitted on a
        graph that holds test edges, there is no training part to learn from, or there are too few
        non-edges of a kind.

    Notes
    -----
    The score of u -> v takes u's source vector (`vectors_`) and v's target vector (`target_vectors_`), so that it
    differs from that of v -> u: for `AdjacencySpectral` left and right singular vectors, for the walk methods
    input and output vectors of skip-gram. The windows of skip-gram look both ways along a walk, so
    its two scores differ less than directions do. Of an undirected graph, "dot" is the mean of the two scores, and
    the other operators take source vectors alone. An `Embedding` by itself has the same vectors for both.

    References
    ----------
    .. [1] Grover, Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016, section 4.4.
    .. [2] Hu et al., "Open Graph Benchmark", NeurIPS 2020, section 5: hits@k.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import AdjacencySpectral, split_edges
    >>> split = split_edges(nx.les_miserables_graph(), train_size=0.0, test_size=0.2, random_state=0)
    >>> model = AdjacencySpectral(n_components=8, random_state=0).fit(split.graph)
    >>> result = link_prediction(model, split, k=[10])
    >>> bool(result["uniform"].auc > result["hard"].auc > 0.5)
    True
    """
    check_choice("operator", operator, ("dot", "cosine", *OPERATORS))
    kinds = [check_choice("each of negatives", kind, (*KINDS, "split")) for kind in
             ([negatives] if isinstance(negatives, str) else negatives)]
    ks = [check_int("each of k", number, 1) for number in k]
    if not kinds:
        raise ValueError("negatives must name at least one kind; got none.")
    seed = check_seed(random_state)
    _check_not_leaked(model, split)
    score = _pair_scorer(model, split, operator)
    full = _full_graph(split)
    positives = split.X_test[split.y_test == 1]
    of_edges = score(positives)
    scores = {}
    for kind in kinds:
        others = (split.X_test[split.y_test == 0] if kind == "split"
                  else as_labels(split.graph, sample_non_edges(full, len(positives), kind, seed)))
        scores[kind] = _link_scores(of_edges, score(others), ks)
    return LinkPrediction(scores, operator)


def _check_not_leaked(model: Any, split: EdgeSplit) -> None:
    graph = getattr(model, "graph_", None)
    positives = as_pairs(split.X_test[split.y_test == 1])
    if not positives:
        raise ValueError("The split has no test edges; pass test_size > 0 to split_edges.")
    if graph is None:
        return
    known = {label: row for row, label in enumerate(graph.nodes)}
    rows = np.array([(known[u], known[v]) for u, v in positives if u in known and v in known]).reshape(-1, 2)
    seen = is_edge(graph, rows[:, 0], rows[:, 1])
    if seen.any():
        u, v = rows[np.argmax(seen)]
        raise ValueError(
            f"model was fitted on a graph that holds {int(seen.sum())} of the {len(positives)} test edges, the first "
            f"({graph.nodes[int(u)]!r}, {graph.nodes[int(v)]!r}): its vectors know the answer. Fit it on split.graph.")


def _pair_scorer(model: Any, split: EdgeSplit, operator: str) -> Callable[[Any], np.ndarray]:
    """A function from pairs of labels to scores of shape (n_pairs,)."""
    if isinstance(model, tuple) and len(model) == 2 and all(isinstance(table, Embedding) for table in model):
        source, target = model
    elif isinstance(model, Embedding):
        source = target = model
    elif hasattr(model, "vectors_"):
        source, target = model.vectors_, getattr(model, "target_vectors_", model.vectors_)
    else:
        raise TypeError("model must be a fitted estimator, an Embedding, or a pair of Embeddings of sources and "
                        f"targets; got {type(model).__name__}.")
    missing = [label for label in split.graph.nodes if label not in source or label not in target]
    if missing:
        raise ValueError(f"model has no vector for {len(missing)} of the {split.graph.n_nodes} nodes of the split, the "
                         f"first {missing[0]!r}.")
    if operator == "dot" and not split.graph.directed:
        return lambda X: (source.score_edges(X, target) + target.score_edges(X, source)) / 2
    if not split.graph.directed:
        target = source
    if operator in ("dot", "cosine"):
        if operator == "cosine":
            source, target = _unit(source), _unit(target)
        return lambda X: source.score_edges(X, target)
    if not len(split.y_train):
        raise ValueError(f"operator={operator!r} learns from the training part, and the split has none; pass "
                         "train_size > 0 to split_edges, or operator='dot'.")

    def features(X: Any) -> np.ndarray:
        pairs = as_pairs(X)
        return edge_features(source[[u for u, _ in pairs]], target[[v for _, v in pairs]], operator)

    learner = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    with blas_threads(1):
        learner.fit(features(split.X_train), split.y_train)
    return lambda X: learner.decision_function(features(X))


def _unit(table: Embedding) -> Embedding:
    length = np.linalg.norm(table.array, axis=1, keepdims=True)
    return Embedding(table.nodes, table.array / np.where(length > 0, length, 1))


def _full_graph(split: EdgeSplit) -> Graph:
    """The graph before it was split, without weights."""
    graph = split.graph
    held = as_pairs(np.concatenate([split.X_train[split.y_train == 1], split.X_val[split.y_val == 1],
                                    split.X_test[split.y_test == 1]]))
    source, target = (graph.index_of([pair[side] for pair in held]) for side in (0, 1))
    rows = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    kept = slice(None) if graph.directed else rows <= graph.indices
    return Graph.from_edges(np.r_[rows[kept], source], np.r_[graph.indices[kept], target],
                            nodes=range(graph.n_nodes), directed=graph.directed)


def _link_scores(edges: np.ndarray, others: np.ndarray, ks: Sequence[int]) -> LinkScores:
    y, scores = np.repeat([1, 0], [len(edges), len(others)]), np.concatenate([edges, others])
    best = np.sort(others)[::-1]
    hits = {k: float(np.mean(edges > best[k - 1])) if k <= len(best) else 1.0 for k in ks}
    return LinkScores(float(roc_auc_score(y, scores)), float(average_precision_score(y, scores)), hits,
                      len(edges), len(others))


# --- neighbours ------------------------------------------------------------------------------------------


def neighbours_kept(Z: Any, graph: Any, *, k: int | None = None) -> np.ndarray:
    """Which share of a node's neighbours in the graph are among the nearest to it by their vectors.

    Parameters
    ----------
    Z : Embedding, or array of shape (n_nodes, n_components)
        Of the graph; an array has its rows in the graph's order.
    graph : Graph or anything `as_graph` takes
    k : int or None, default=None
        How many nearest nodes to look among, by cosine. None: as many as the node has neighbours, so that a perfect
        embedding scores 1 everywhere.

    Returns
    -------
    kept : ndarray of shape (n_nodes,), dtype=float64
        In [0, 1] by row of the graph; with `k`, of the at most k neighbours that can be there. NaN for a node
        without neighbours, self-loops aside. Of a directed graph, the neighbours are the targets of its arcs.

    Raises
    ------
    TypeError, ValueError
        If `k` is not in [1, n_nodes - 1], or Z does not hold a finite vector for each node.

    Notes
    -----
    Exact: all pairs are compared, in blocks, with n_nodes**2 * n_components operations. Where vectors are equally
    near, the node's neighbours come first.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import AdjacencySpectral
    >>> G = nx.barbell_graph(5, 0)
    >>> neighbours_kept(AdjacencySpectral(2, random_state=0).fit(G).vectors_, G).round(2).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    graph = as_graph(graph)
    n = graph.n_nodes
    if k is not None:
        check_int("k", k, 1, n - 1)
    vectors = _as_vectors(Z[list(graph.nodes)] if isinstance(Z, Embedding) else Z)
    if len(vectors) != n:
        raise ValueError(f"Z has {len(vectors)} rows but the graph {n} nodes.")
    kept = np.full(n, np.nan)
    for start, cosines in _cosine_blocks(vectors):
        for i, near in enumerate(cosines, start):
            row = graph.indices[graph.indptr[i]:graph.indptr[i + 1]]
            row = row[row != i]
            if len(row):
                reach = len(row) if k is None else k
                bar = np.partition(near, n - reach)[n - reach] if reach < n else -np.inf
                kept[i] = np.minimum(np.count_nonzero(near[row] >= bar), reach) / min(len(row), reach)
    return kept


def _cosine_blocks(vectors: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """First row, and cosines of a block of rows with all rows; with itself -inf."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    for start, stop in ranges(len(unit), max(1, BLOCK // len(unit))):
        cosines = unit[start:stop] @ unit.T
        cosines[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        yield start, cosines


def _nearest(vectors: np.ndarray, k: int) -> np.ndarray:
    """The k nearest rows of each row by cosine, in rising order of their numbers: shape (n, k)."""
    return np.concatenate([np.sort(np.argpartition(cosines, -k, axis=1)[:, -k:], axis=1)
                           for _, cosines in _cosine_blocks(vectors)])


@dataclass(frozen=True)
class Stability:
    """What `stability` found; printing it gives a summary.

    Attributes
    ----------
    nodes : range or tuple
        Labels by row.
    trust : ndarray of shape (n_nodes,), dtype=float64
        Mean share, in [0, 1], of a node's k nearest that two runs have in common.
    overlap : ndarray of shape (n_runs, n_runs), dtype=float64
        The same for two runs, the mean over nodes; the diagonal is 1.
    k : int
    """

    nodes: Sequence[Any]
    trust: np.ndarray
    overlap: np.ndarray
    k: int

    def least_trusted(self, n: int = 10) -> list[tuple[Any, float]]:
        """The nodes whose neighbours change most from run to run, and their trust."""
        return [(self.nodes[int(row)], float(self.trust[row])) for row in np.argsort(self.trust, kind="stable")[:n]]

    def __str__(self) -> str:
        low, high = np.quantile(self.trust, [0.1, 0.9])
        return (f"Of a node's {self.k} nearest, {self.trust.mean():.0%} are the same in two of {len(self.overlap)} "
                "runs\n"
                f"({low:.0%} to {high:.0%} for the middle 80 % of nodes; by chance "
                f"{self.k / max(1, len(self.trust) - 1):.1%}).")


def stability(embedder: Any, graph: Any, *, n_runs: int = 5, k: int = 10, random_state: Any = 0) -> Stability:
    """How much the neighbours of nodes depend on the seed.

    Parameters
    ----------
    embedder : estimator
        Is cloned, and fitted with another `random_state` each time.
    graph : Graph or anything `as_graph` takes
    n_runs : int, default=5
        At least 2.
    k : int, default=10
        Nearest nodes to compare, by cosine; at most n_nodes - 1.
    random_state : int, Generator, RandomState or None, default=0
        Of the seeds of the runs.

    Returns
    -------
    Stability

    Raises
    ------
    TypeError, ValueError
        If a parameter is not acceptable, or the embedder has no `random_state`.

    Notes
    -----
    Runs are compared by neighbours because vectors of two runs cannot be: each is turned its own way. A conclusion
    about a node of low trust is one about the seed [1]_.

    References
    ----------
    .. [1] Wang et al., "Towards stability of node embeddings", 2020; Schumacher et al., "The effects of randomness on
       the stability of node embeddings", 2020.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import AdjacencySpectral
    >>> print(stability(AdjacencySpectral(4), nx.karate_club_graph(), n_runs=2, k=3))
    Of a node's 3 nearest, 100% are the same in two of 2 runs
    (100% to 100% for the middle 80 % of nodes; by chance 9.1%).
    """
    n_runs = check_int("n_runs", n_runs, 2)
    graph = as_graph(graph)
    k = check_int("k", k, 1, graph.n_nodes - 1)
    if "random_state" not in embedder.get_params():
        raise ValueError(f"embedder must have a parameter random_state to vary; {type(embedder).__name__} has none.")
    seeds = np.random.SeedSequence(check_seed(random_state)).generate_state(n_runs)
    runs = [_nearest(_as_vectors(clone(embedder).set_params(random_state=int(seed)).fit(graph).vectors_), k)
            for seed in seeds]
    overlap, trust = np.eye(n_runs), np.zeros(graph.n_nodes)
    for i, j in combinations(range(n_runs), 2):
        both = np.sort(np.concatenate([runs[i], runs[j]], axis=1), axis=1)
        shared = (both[:, 1:] == both[:, :-1]).sum(axis=1) / k
        overlap[i, j] = overlap[j, i] = shared.mean()
        trust += shared / (n_runs * (n_runs - 1) // 2)
    return Stability(graph.nodes, trust, overlap, k)


@dataclass(frozen=True)
class Comparison:
    """What `compare` found; printing it gives a summary.

    Attributes
    ----------
    nodes : tuple
        Labels that both embeddings have, in the order of the first.
    moved : ndarray of shape (n_common,), dtype=float64
        How far the second vector of each is from the first, once aligned, in units of the first embedding's root mean
        square length over these nodes.
    aligned : Embedding
        The second, all of it, rotated onto the first.
    rotation : ndarray of shape (d, d), dtype=float64
        ``aligned.array`` is the second embedding's times this.
    n_gone, n_new : int
        Nodes that only the first, or only the second has.
    """

    nodes: tuple[Any, ...]
    moved: np.ndarray
    aligned: Embedding
    rotation: np.ndarray
    n_gone: int
    n_new: int

    def top_movers(self, n: int = 10) -> list[tuple[Any, float]]:
        """The nodes that moved farthest, and how far."""
        return [(self.nodes[int(row)], float(self.moved[row])) for row in np.argsort(-self.moved, kind="stable")[:n]]

    def __str__(self) -> str:
        movers = ", ".join(f"{label!r} {far:.2f}" for label, far in self.top_movers(5))
        return (f"{len(self.nodes)} nodes in both, {self.n_gone} gone, {self.n_new} new; where vectors have length 1, "
                f"they moved by {np.median(self.moved):.2f} in the median.\nMost: {movers}.")


def compare(e0: Embedding, e1: Embedding) -> Comparison:
    """Rotate one embedding onto another, and see which nodes moved.

    Parameters
    ----------
    e0, e1 : Embedding
        Before and after; with some nodes in common. The one with fewer components gets columns of zeros.

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError
        If one is no Embedding.
    ValueError
        If they have no node in common, or the vectors of `e0` there are all zero.

    Notes
    -----
    Vectors of two fits are comparable only after a rotation (or reflection), which changes no inner product. The one
    taken is nearest in the sum of squares over the common nodes, so nodes that moved together far enough
    pull it along; nothing is centred or scaled.

    Examples
    --------
    >>> e0 = Embedding(list("abcd"), [[1, 0], [0, 1], [1, 1], [2, 1]])
    >>> e1 = Embedding(list("abce"), [[0, 1], [-1, 0], [-1, 1.2], [5, 5]])
    >>> print(compare(e0, e1))
    3 nodes in both, 1 gone, 1 new; where vectors have length 1, they moved by 0.04 in the median.
    Most: 'c' 0.14, 'a' 0.04, 'b' 0.04.
    """
    for name, e in (("e0", e0), ("e1", e1)):
        if not isinstance(e, Embedding):
            raise TypeError(f"{name} must be an Embedding, such as model.vectors_; got {type(e).__name__}.")
    common = [label for label in e0.nodes if label in e1]
    if not common:
        raise ValueError(f"e0 and e1 have no node in common; e0 begins with {e0.nodes[0]!r}, e1 with {e1.nodes[0]!r}.")
    d = max(e0.array.shape[1], e1.array.shape[1])
    before, after, table = (np.pad(array, ((0, 0), (0, d - array.shape[1])))
                            for array in (e0[common], e1[common], e1.array))
    R = rotation_onto(after, before)
    aligned = Embedding(e1.nodes, rotated(table, R))
    length = float(np.sqrt(np.square(before, dtype=np.float64).sum(axis=1).mean()))
    if length == 0:
        raise ValueError("e0 has zero vectors for all nodes in common; there is nothing to align to.")
    moved = np.linalg.norm(aligned[common].astype(np.float64) - before, axis=1) / length
    return Comparison(tuple(common), moved, aligned, R, len(e0) - len(common), len(e1) - len(common))
