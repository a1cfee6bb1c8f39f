"""Protocols that say how good vectors are."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from graphemb._validation import check_int, check_real, check_seed
from graphemb.embedding import Embedding


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
    with threadpool_limits(1, "blas"):  # many small solves: threads cost more than they bring
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
