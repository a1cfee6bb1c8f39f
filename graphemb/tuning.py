"""Which method and settings suit a graph, within a budget of seconds; and which of them make no difference."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.stats import t as student
from sklearn.base import clone

from graphemb._validation import check_choice, check_int, check_real, check_seed
from graphemb.embedding import Embedding
from graphemb.estimators.adjacency_spectral import AdjacencySpectral
from graphemb.estimators.laplacian_eigenmaps import LaplacianEigenmaps
from graphemb.estimators.node2vec import Node2Vec
from graphemb.evaluate import link_prediction, node_classification
from graphemb.graph import Graph, as_graph
from graphemb.links import split_edges
from graphemb.rotation import principal_axes, rotated

CONFIDENCE = 0.95
MOST_ROUNDS = 20
TEST_SIZE = 0.1   # of the edges held out
TRAIN_SIZE = 0.5  # of the labelled nodes learnt from


@dataclass(frozen=True)
class Knob:
    """What a parameter was tried with, all else equal.

    Attributes
    ----------
    name : str
        ``"method"`` or a parameter.
    scores : dict
        Mean score, in [0, 1], by value; over the rounds that all values took part in.
    difference, margin : float
        Between the best and the worst value, and its confidence interval's half-width (95 %, of paired rounds,
        corrected for having picked the two among all); NaN from fewer than two rounds.
    n_rounds : int
    """

    name: str
    scores: dict[Any, float]
    difference: float
    margin: float
    n_rounds: int

    @property
    def matters(self) -> bool | None:
        """Whether the difference is beyond noise; None where there were too few rounds to tell."""
        return None if np.isnan(self.margin) else self.difference > self.margin

    def __str__(self) -> str:
        if self.matters is None:
            return f"{self.name}: too few rounds to tell; give more budget_seconds"
        best, worst = max(self.scores, key=self.scores.__getitem__), min(self.scores, key=self.scores.__getitem__)
        size = f"{100 * self.difference:.2f} ± {100 * self.margin:.2f} points over {self.n_rounds} rounds"
        if self.matters:
            return f"{self.name}: {best} is better than {worst} by {size}"
        return f"{self.name}: made no difference that could be told from noise ({best} against {worst}: {size})"


@dataclass(frozen=True)
class SearchResult:
    """What `search` found; printing it says which settings did best and which knobs made no difference.

    Attributes
    ----------
    best : estimator
        Not fitted. Of the settings whose mean score is within a standard error (of the paired difference) of the
        highest, the one with the fewest components, and of these the first tried: noise buys neither
        dimensions nor exotic settings.
    trials : list of dict
        A setting and round each: `method`, `parameters`, `round`, `seconds`, `scores` by n_components.
    knobs : dict of str to Knob
    task, metric : str
    seconds : float
    """

    best: Any
    trials: list[dict[str, Any]]
    knobs: dict[str, Knob]
    task: str
    metric: str
    seconds: float

    def __str__(self) -> str:
        lines = [f"{self.task}, {self.metric}; {len(self.trials)} fits in {self.seconds:.0f} s", f"best: {self.best!r}"]
        return "\n".join([*lines, *map(str, self.knobs.values())])


@dataclass(frozen=True)
class _Setting:
    """An estimator, and the one parameter in which it differs from what was given."""

    method: str
    estimator: Any
    knob: str = ""
    value: Any = None


def search(graph: Any, *, task: str = "links", labels: Any = None, budget_seconds: float = 60.0,
           estimators: Sequence[Any] | None = None, p: Sequence[float] = (0.25, 1.0, 4.0),
           q: Sequence[float] = (0.25, 1.0, 4.0), window: Sequence[int] = (5, 10),
           n_components: Sequence[int] = (32, 64, 128), random_state: Any = 0, verbose: int = 0) -> SearchResult:
    """Look for the method and settings that suit a graph, and say which of them made no difference.

    Each round holds out other edges (or labels) and fits every setting once, with one seed for all: rounds tell a
    difference from the noise of seeds and splits, and settings are compared within rounds.

    Parameters
    ----------
    graph : Graph or anything `as_graph` takes
    task : {"links", "labels"}, default="links"
        Score by the AUC of a tenth of the edges, held out, against degree-matched non-edges (`link_prediction`); or by
        the micro-F1 of half the labelled nodes (`node_classification`).
    labels : as Y in `node_classification`, default=None
        By row of the graph; for ``task="labels"``.
    budget_seconds : float, default=60
        No fit begins that would end beyond it, as far as earlier ones tell; the first always does.
    estimators : sequence of estimators, default=None
        What to try, as they are; None is ``[AdjacencySpectral(), LaplacianEigenmaps(), Node2Vec()]``. Their
        `n_components` and `random_state` are set by the search.
    p, q, window : sequences of numbers
        Tried one at a time, in each estimator that has the parameter, beside its own value.
    n_components : sequence of int, default=(32, 64, 128)
        One fit with the largest serves all: its vectors are rotated so that the first columns are the best.
    random_state : int, Generator, RandomState or None, default=0
    verbose : int, default=0
        1 writes a line a fit to standard error.

    Returns
    -------
    SearchResult

    Raises
    ------
    TypeError, ValueError
        If a parameter is not acceptable.

    Notes
    -----
    A walk is a function of seed and number, so settings of one round with the same p and q train on the same walks,
    whatever their window. They are made again rather than stored: that costs about a hundredth of training.

    The score that `best` had here is optimistic, as that of any winner; measure it on edges or labels that took
    no part.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984, section 3.4.3: the rule of one
       standard error, by which `best` is chosen.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import AdjacencySpectral, LaplacianEigenmaps
    >>> result = search(nx.les_miserables_graph(), budget_seconds=1,
    ...                 estimators=[AdjacencySpectral(), LaplacianEigenmaps()], n_components=[4, 8])
    >>> result.metric, list(result.knobs)
    ('AUC', ['method', 'n_components'])
    """
    start = time.perf_counter()
    check_choice("task", task, ("links", "labels"))
    budget = check_real("budget_seconds", budget_seconds, above=0)
    if (labels is None) == (task == "labels"):
        raise ValueError(f"labels must be given for task='labels', and only there; got task={task!r} and labels="
                         f"{'None' if labels is None else '...'}.")
    sizes = sorted({check_int("each of n_components", size, 1) for size in n_components})
    if not sizes:
        raise ValueError("n_components must hold at least one number; got none.")
    graph = as_graph(graph)
    settings = list(_settings(estimators, {"p": p, "q": q, "window": window}))
    seeds = np.random.SeedSequence(check_seed(random_state)).generate_state(MOST_ROUNDS)

    trials: list[dict[str, Any]] = []
    cost: dict[int, float] = {}
    for number, seed in enumerate(map(int, seeds)):
        split = split_edges(graph, train_size=0, test_size=TEST_SIZE, random_state=seed) if task == "links" else None
        began = len(trials)
        for i, setting in enumerate(settings):
            now = time.perf_counter()
            if trials and now - start + cost.get(i, 0.0) > budget:
                continue
            model = clone(setting.estimator).set_params(n_components=sizes[-1], random_state=seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # the same of every fit; a fit with `best` says them
                model.fit(split.graph if split else graph)
            scores = {size: _score(tables, graph, split, labels, seed) for size, tables in _cut(model, sizes)}
            cost[i] = time.perf_counter() - now
            parameters = {setting.knob: setting.value} if setting.knob else {}
            trials.append({"method": setting.method, "parameters": parameters, "round": number, "setting": i,
                           "seconds": cost[i], "scores": scores})
            if verbose:
                print(f"round {number + 1}: {setting.method} {parameters or ''} {scores} {cost[i]:.1f} s",
                      file=sys.stderr, flush=True)
        if len(trials) == began:
            break
    table = _by_round(trials, len(settings), sizes)
    best, size = _choose(table)
    estimator = clone(settings[best].estimator).set_params(n_components=sizes[size])
    return SearchResult(estimator, trials, _knobs(settings, table, sizes, best), task,
                        "AUC" if task == "links" else "micro-F1", time.perf_counter() - start)


def _settings(estimators: Sequence[Any] | None, values: dict[str, Sequence[Any]]) -> Iterator[_Setting]:
    """Each estimator as it is; then each with one parameter changed."""
    given = [AdjacencySpectral(), LaplacianEigenmaps(), Node2Vec()] if estimators is None else list(estimators)
    if not given:
        raise ValueError("estimators must hold at least one; got none.")
    names: list[str] = []
    for estimator in given:
        name = type(estimator).__name__
        if not {"n_components", "random_state"} <= estimator.get_params().keys():
            raise TypeError(f"estimators must be embedding methods of graphs; got {estimator!r}.")
        names.append(name if name not in names else f"{name} #{1 + names.count(name)}")
        yield _Setting(names[-1], estimator)
    for name, estimator in zip(names, given, strict=True):
        own = estimator.get_params()
        for knob, tried in values.items():
            for value in tried if knob in own else ():
                if value != own[knob]:
                    yield _Setting(name, clone(estimator).set_params(**{knob: value}), knob, value)


def _cut(model: Any, sizes: list[int]) -> Iterator[tuple[int, tuple[Embedding, Embedding]]]:
    """Vectors of the sources and of the targets, of each number of components."""
    axes = principal_axes(model.embedding_)
    source, target = rotated(model.embedding_, axes), rotated(model.target_vectors_.array, axes)
    for size in sizes:
        yield size, (Embedding(model.nodes_, source[:, :size]), Embedding(model.nodes_, target[:, :size]))


def _score(tables: tuple[Embedding, Embedding], graph: Graph, split: Any, labels: Any, seed: int) -> float:
    if split is not None:
        return link_prediction(tables, split, negatives="degree", k=(), random_state=seed)["degree"].auc
    found = node_classification(tables[0], labels, train_sizes=[TRAIN_SIZE], n_splits=1, random_state=seed)
    return found.micro[TRAIN_SIZE]


def _by_round(trials: list[dict[str, Any]], n_settings: int, sizes: list[int]) -> np.ndarray:
    """Scores as an array of shape (n_settings, n_sizes, n_rounds); NaN where there was no time."""
    table = np.full((n_settings, len(sizes), 1 + max(trial["round"] for trial in trials)), np.nan)
    for trial in trials:
        table[trial["setting"], :, trial["round"]] = list(trial["scores"].values())
    return table


def _compare(scores: np.ndarray, other: np.ndarray) -> tuple[float, float, int]:
    """Mean difference over the rounds that both took part in, its standard error, and these rounds' number."""
    both = (scores - other)[~np.isnan(scores - other)]
    error = both.std(ddof=1) / np.sqrt(len(both)) if len(both) > 1 else np.nan
    return float(both.mean()) if len(both) else np.nan, float(error), len(both)


def _choose(table: np.ndarray) -> tuple[int, int]:
    """Setting and size: the first, with the fewest components, within a standard error of the best.

    Among settings that took part in half the rounds at least, on the rounds that all of these took part in.
    """
    took_part = ~np.isnan(table[:, 0])
    settings = np.flatnonzero(2 * took_part.sum(axis=1) >= took_part.sum(axis=1).max())
    if not took_part[settings].all(axis=0).any():
        settings = took_part.sum(axis=1).argmax(keepdims=True)
    scores = table[settings][:, :, took_part[settings].all(axis=0)]
    top, widest = np.unravel_index(int(np.argmax(scores.mean(axis=2))), scores.shape[:2])

    def near(setting: int, size: int) -> bool:
        difference, error, _ = _compare(scores[top, widest], scores[setting, size])
        return difference <= (0.0 if np.isnan(error) else error)

    return next((int(settings[setting]), size) for size, setting in product(range(widest + 1), range(len(settings)))
                if near(setting, size))


def _knobs(settings: list[_Setting], table: np.ndarray, sizes: list[int], best: int) -> dict[str, Knob]:
    """Each parameter's values side by side: methods as they were given, the others in the best method that has them."""
    wide = table[:, -1]
    groups: dict[str, dict[Any, np.ndarray]] = {
        "method": {setting.method: wide[i] for i, setting in enumerate(settings) if not setting.knob}}
    methods = [settings[best].method, *(setting.method for setting in settings)]
    for knob in dict.fromkeys(setting.knob for setting in settings if setting.knob):
        method = next(name for name in methods if any(s.method == name and s.knob == knob for s in settings))
        base = next(i for i, setting in enumerate(settings) if setting.method == method and not setting.knob)
        values = {settings[base].estimator.get_params()[knob]: wide[base]}
        values |= {s.value: wide[i] for i, s in enumerate(settings) if (s.method, s.knob) == (method, knob)}
        groups[knob] = values
    groups["n_components"] = dict(zip(sizes, table[best], strict=True))
    return {name: _knob(name, values) for name, values in groups.items() if len(values) > 1}


def _knob(name: str, values: dict[Any, np.ndarray]) -> Knob:
    shared = ~np.isnan(np.array(list(values.values()))).any(axis=0)
    if not shared.any():
        return Knob(name, {}, float("nan"), float("nan"), 0)
    means = {value: float(scores[shared].mean()) for value, scores in values.items()}
    high, low = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    difference, error, n = _compare(values[high][shared], values[low][shared])
    pairs = len(values) * (len(values) - 1) // 2  # these two were picked among all
    quantile = student.ppf(1 - (1 - CONFIDENCE) / (2 * pairs), max(1, n - 1))
    return Knob(name, means, difference, float(quantile * error), n)
