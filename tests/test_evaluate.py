"""The DeepWalk paper's classification protocol against a brute-force one, and its inputs and messages."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier

from graphemb import evaluate
from graphemb.embedding import Embedding
from graphemb.evaluate import node_classification


def multilabel(n=150, n_labels=6, seed=0):
    """Vectors, and one to three labels a node that depend on them."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, 4))
    score = Z @ rng.normal(size=(4, n_labels)) + rng.normal(size=(n, n_labels))
    k = rng.integers(1, 4, n)
    Y = np.argsort(np.argsort(-score, axis=1), axis=1) < k[:, None]
    return Z, Y.astype(int)


def brute_force(Z, Y, size, shuffle):
    cut = int(size * len(Z))
    train, test = shuffle[:cut], shuffle[cut:]
    model = OneVsRestClassifier(LogisticRegression(tol=1e-6, max_iter=1000))
    probability = model.fit(Z[train], Y[train]).predict_proba(Z[test])
    predicted = np.zeros_like(Y[test])
    for row, p in enumerate(probability):
        for label in p.argsort()[::-1][:Y[test[row]].sum()]:
            predicted[row, label] = 1
    return [f1_score(Y[test], predicted, average=average, zero_division=0) for average in ("micro", "macro")]


def test_equals_brute_force():
    Z, Y = multilabel()
    result = node_classification(Z, Y, train_sizes=(0.3, 0.8), n_splits=3, random_state=5)
    rng = np.random.default_rng(5)
    shuffles = [rng.permutation(150) for _ in range(3)]
    assert [(split.train_size, split.index) for split in result.splits] == [
        (0.3, 0), (0.3, 1), (0.3, 2), (0.8, 0), (0.8, 1), (0.8, 2)]
    for split in result.splits:
        expected = brute_force(Z, Y, split.train_size, shuffles[split.index])
        assert [split.micro, split.macro] == pytest.approx(expected, abs=1e-12)
        assert split.n_absent == 0 and split.n_unconverged == 0
    scores = [split.micro for split in result.splits[:3]]
    assert result.micro[0.3] == pytest.approx(np.mean(scores))
    assert result.micro_std[0.3] == pytest.approx(np.std(scores))
    assert result.macro_std[0.8] == pytest.approx(np.std([split.macro for split in result.splits[3:]]))
    assert (result.n_nodes, result.n_labels, result.n_unlabelled) == (150, 6, 0)


def test_raw_vectors_and_C_count():
    Z, Y = multilabel()
    base = node_classification(Z, Y, n_splits=2)
    assert node_classification(Z * 0.01, Y, n_splits=2) != base
    assert node_classification(Z, Y, n_splits=2, C=1e-3) != base


def test_perfect_vectors_score_one():
    _, Y = multilabel()
    result = node_classification(100.0 * Y, Y, train_sizes=(0.5,), n_splits=2)
    assert result.micro == {0.5: 1.0}
    assert result.macro == {0.5: 1.0}


def test_vectors_without_information_score_the_base_rate():
    """Equal vectors rank labels by frequency: every node gets the most frequent one."""
    labels = np.repeat([0, 1, 2], [120, 50, 30])
    result = node_classification(np.zeros((200, 3)), labels, train_sizes=(0.5,), n_splits=20)
    assert result.micro[0.5] == pytest.approx(0.6, abs=0.02)
    assert result.macro[0.5] == pytest.approx(2 * 0.6 / 1.6 / 3, abs=0.02)
    noise = np.random.default_rng(0).normal(size=(2000, 2))
    result = node_classification(noise, np.arange(2000) % 4, train_sizes=(0.5,), n_splits=4)
    assert result.micro[0.5] == pytest.approx(0.25, abs=0.03)


SETS = [{"a"}, {"b", "a"}, set(), {"c"}] * 10
INDICATOR = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]] * 10)


MULTILABEL = {
    "int": INDICATOR,
    "bool": INDICATOR.astype(bool),
    "float": INDICATOR.astype(float),
    "csr": sparse.csr_array(INDICATOR),
    "coo matrix": sparse.coo_matrix(INDICATOR),
    "pandas": pd.DataFrame(INDICATOR),
    "polars": pl.DataFrame(INDICATOR),
    "sets": SETS,
    "tuple of sets": tuple(SETS),
    "frozensets": [frozenset(s) for s in SETS],
    "lists": [sorted(s) for s in SETS],
    "tuples": [tuple(sorted(s)) for s in SETS],
    "series": pd.Series(SETS),
    "object array": np.array(SETS, dtype=object),
}


@pytest.mark.parametrize("Y", MULTILABEL.values(), ids=MULTILABEL)
def test_multilabel_inputs_are_equivalent(Y):
    Z = np.random.default_rng(0).normal(size=(40, 3))
    result = node_classification(Z, Y, train_sizes=(0.5,), n_splits=2)
    assert result == node_classification(Z, INDICATOR, train_sizes=(0.5,), n_splits=2)
    assert (result.n_nodes, result.n_unlabelled, result.n_labels) == (30, 10, 3)
    assert "10 nodes without a label left out" in str(result)


NAMES = ["x", "y", None, "y"] * 10


SINGLE = {
    "list": NAMES,
    "tuple": tuple(NAMES),
    "object array": np.array(NAMES, dtype=object),
    "series": pd.Series(NAMES),
    "categorical": pd.Series(NAMES, dtype="category"),
    "string series": pd.Series(NAMES, dtype="string"),
    "polars": pl.Series(NAMES),
    "list with nan": [0, 1, float("nan"), 1] * 10,
    "array with nan": np.array([0, 1, np.nan, 1] * 10),
    "sets": [{"x"}, {"y"}, set(), {"y"}] * 10,
}


@pytest.mark.parametrize("Y", SINGLE.values(), ids=SINGLE)
def test_single_label_inputs_are_equivalent(Y):
    Z = np.random.default_rng(0).normal(size=(40, 3))
    result = node_classification(Z, Y, train_sizes=(0.5,), n_splits=2)
    assert (result.n_nodes, result.n_unlabelled, result.n_labels) == (30, 10, 2)
    assert result == node_classification(Z, NAMES, train_sizes=(0.5,), n_splits=2)


def test_unlabelled_nodes_take_no_part():
    Z, Y = multilabel()
    Y[::3] = 0
    labelled = Y.any(axis=1)
    whole = node_classification(Z, Y, n_splits=2)
    assert whole.splits == node_classification(Z[labelled], Y[labelled], n_splits=2).splits
    assert whole.n_unlabelled == 50


def test_vectors_as_embedding_or_dataframe():
    Z, Y = multilabel()
    Z = Z.astype(np.float32)
    expected = node_classification(Z, Y, n_splits=2)
    for given in (Embedding(range(150), Z), pd.DataFrame(Z), Z.tolist()):
        assert node_classification(given, Y, n_splits=2) == expected


def test_same_seed_same_result_whatever_n_jobs():
    Z, Y = multilabel()
    one = node_classification(Z, Y, n_splits=2, random_state=3)
    assert node_classification(Z, Y, n_splits=2, random_state=3, n_jobs=2) == one
    assert node_classification(Z, Y, n_splits=2, random_state=4) != one


def test_absent_and_universal_labels_do_not_crash():
    """A label of one node is in no training part where that node is tested; another is everywhere."""
    rng = np.random.default_rng(0)
    Y = np.zeros((40, 3), int)
    Y[:, 0] = 1
    Y[:20, 1] = 1
    Y[7] = [1, 0, 1]
    result = node_classification(rng.normal(size=(40, 2)), Y, train_sizes=(0.5,), n_splits=6)
    absent = [split.n_absent for split in result.splits]
    assert set(absent) == {0, 1}
    assert "labels absent from a training part: up to 1" in str(result)
    assert all(split.macro <= 2 / 3 for split in result.splits if split.n_absent)
    # the universal label is always among the top ones, so no test node is without a hit
    scores, _ = evaluate._one_vs_rest(np.zeros((4, 1)), Y[:4] > 0, np.zeros((2, 1)), 1.0)
    assert scores.tolist() == [[np.inf, np.inf, -np.inf]] * 2


def test_a_label_without_true_or_predicted_nodes_counts_as_zero_in_macro():
    truth = np.array([[True, False, False], [True, True, False]])
    predicted = np.array([[True, False, False], [False, True, False]])
    assert evaluate._f1(truth, predicted) == pytest.approx((4 / 5, (2 / 3 + 1 + 0) / 3))


def test_top_k_breaks_ties_by_label():
    wide = evaluate._top_k(np.zeros((1, 60)), np.array([17]))
    assert wide[0].tolist() == [True] * 17 + [False] * 43
    scores = np.array([[1.0, 3.0, 3.0], [0.0, 0.0, 0.0], [-np.inf, -np.inf, 5.0]])
    assert evaluate._top_k(scores, np.array([1, 2, 2])).tolist() == [
        [False, True, False], [True, True, False], [True, False, True]]


def test_unconverged_classifiers_are_counted_and_warned_of(monkeypatch):
    class Impatient(LogisticRegression):
        def fit(self, X, y):
            return self.set_params(max_iter=1)._fit(X, y)

        def _fit(self, X, y):
            return LogisticRegression.fit(self, X, y)

    monkeypatch.setattr(evaluate, "LogisticRegression", Impatient)
    Z, Y = multilabel()
    with pytest.warns(ConvergenceWarning, match="12 of 12 classifiers stopped at their iteration limit"):
        result = node_classification(Z, Y, train_sizes=(0.5,), n_splits=2)
    assert [split.n_unconverged for split in result.splits] == [6, 6]


def test_other_warnings_of_the_classifier_pass_through(monkeypatch):
    class Talkative(LogisticRegression):
        def fit(self, X, y):
            warnings.warn("look here", RuntimeWarning, stacklevel=2)
            return super().fit(X, y)

    monkeypatch.setattr(evaluate, "LogisticRegression", Talkative)
    with pytest.warns(RuntimeWarning, match="look here"):
        node_classification(*multilabel(), train_sizes=(0.5,), n_splits=1)


def test_table():
    Z, Y = multilabel()
    result = node_classification(Z, Y, train_sizes=(0.1, 0.5), n_splits=2)
    lines = str(result).splitlines()
    assert lines[0].split() == ["train", "micro-F1", "macro-F1"]
    numbers = [scores[0.5] for scores in (result.micro, result.micro_std, result.macro, result.macro_std)]
    a, b, c, d = (f"{100 * number:.2f}" for number in numbers)
    assert lines[2].split() == ["50%", a, "±", b, c, "±", d]
    assert lines[3] == "150 nodes, 6 labels, 2 splits"


GOOD = np.zeros((10, 2)), np.arange(10) % 2


@pytest.mark.parametrize(("Z", "Y", "options", "error", "message"), [
    (GOOD[0], [0, 1], {}, ValueError, "Z has 10 rows but Y labels 2 nodes"),
    (np.zeros(10), GOOD[1], {}, ValueError, r"Z must be a real array .* got shape \(10,\)"),
    (np.full((10, 2), "a"), GOOD[1], {}, ValueError, "Z must be a real array .* dtype <U1"),
    (np.full((10, 2), np.nan), GOOD[1], {}, ValueError, "Z must be finite; 10 of its rows are not"),
    (GOOD[0], np.full((10, 2), 2), {}, ValueError, "must be an indicator matrix of 0 and 1"),
    (GOOD[0], np.full((10, 2), "a"), {}, ValueError, "must be an indicator matrix of 0 and 1"),
    (GOOD[0], np.zeros((10, 2, 2)), {}, ValueError, "Y must have one or two dimensions"),
    (GOOD[0], "abababab", {}, TypeError, "Y must be labels, .* or label sets; got 'abababab'"),
    (GOOD[0], 3, {}, TypeError, "Y must be labels, an indicator matrix or label sets; got 3"),
    (GOOD[0], [{"a"}, "b"] * 5, {}, TypeError, "Y must hold a set of labels for each node; row 1 is 'b'"),
    (GOOD[0], [set()] * 10, {}, ValueError, "got 0.1, with 0 labelled nodes"),
    (*GOOD, {"train_sizes": (0.05,)}, ValueError, "on each side; got 0.05, with 10 labelled nodes"),
    (*GOOD, {"train_sizes": (1.0,)}, ValueError, r"train_sizes must be in \(0, 1\) .* got 1.0"),
    (*GOOD, {"train_sizes": (0,)}, ValueError, "each of train_sizes must be a finite number > 0; got 0"),
    (*GOOD, {"train_sizes": ()}, ValueError, "train_sizes must hold at least one number"),
    (*GOOD, {"n_splits": 0}, ValueError, "n_splits must be an int >= 1; got 0"),
    (*GOOD, {"C": 0}, ValueError, "C must be a finite number > 0; got 0"),
])
def test_bad_input(Z, Y, options, error, message):
    with pytest.raises(error, match=message):
        node_classification(Z, Y, **options)


def test_inputs_are_not_changed():
    Z, Y = multilabel()
    Z.flags.writeable = Y.flags.writeable = False
    node_classification(Z, Y, n_splits=1)
