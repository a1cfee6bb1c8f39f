"""The search finds what helps, says what does not, and keeps to its budget."""

import networkx as nx
import numpy as np
import pytest

from graphemb import AdjacencySpectral, LaplacianEigenmaps, Node2Vec, search
from graphemb.graph import as_graph
from graphemb.tuning import Knob, _choose, _compare, _knob


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr("graphemb.tuning.MOST_ROUNDS", 5)


class Noise(AdjacencySpectral):
    """Vectors that know nothing of the graph."""

    def _embed(self, graph, report):
        Y = super()._embed(graph, report)
        return np.random.default_rng(self.random_state).normal(size=Y.shape)


def blocks(n=120):
    return as_graph(nx.to_scipy_sparse_array(nx.planted_partition_graph(3, n // 3, 0.3, 0.02, seed=0)))


def test_a_method_that_knows_nothing_loses():
    result = search(blocks(), estimators=[Noise(), AdjacencySpectral()], n_components=[4, 8], budget_seconds=60)
    assert isinstance(result.best, AdjacencySpectral) and not isinstance(result.best, Noise)
    assert result.best.n_components in (4, 8) and not hasattr(result.best, "embedding_")
    assert result.knobs["method"].matters is True
    assert result.knobs["method"].scores["Noise"] == pytest.approx(0.5, abs=0.06)
    assert "method: AdjacencySpectral is better than Noise by" in str(result)
    assert result.metric == "AUC"


def test_a_knob_without_effect_is_said_to_have_none():
    embedder = Node2Vec(walk_length=10, n_walks=5, learning_rate=0.1)
    result = search(blocks(), estimators=[embedder], p=[1.0, 1.0001], q=[1.0], window=[5], n_components=[8],
                    budget_seconds=60)
    knob = result.knobs["p"]
    assert set(knob.scores) == {1.0, 1.0001} and knob.n_rounds >= 2
    assert knob.matters is False
    assert "p: made no difference that could be told from noise" in str(result)
    assert "q" not in result.knobs and set(result.knobs["window"].scores) == {10, 5}
    assert result.best.get_params()["walk_length"] == 10


def test_labels():
    Y = np.arange(120) // 40
    result = search(blocks(), task="labels", labels=Y, estimators=[Noise(), LaplacianEigenmaps()], n_components=[2, 8],
                    budget_seconds=60)
    assert result.metric == "micro-F1"
    assert isinstance(result.best, LaplacianEigenmaps)
    trial = next(trial for trial in result.trials if trial["method"] == "LaplacianEigenmaps")
    assert trial["scores"][8] > 0.9 and list(trial["scores"]) == [2, 8]


def test_the_budget_is_kept():
    spent = search(blocks(), budget_seconds=1e-9)
    assert len(spent.trials) == 1
    assert all(knob.matters is None for knob in spent.knobs.values())
    assert "too few rounds to tell; give more budget_seconds" in str(spent)


def test_same_seed_same_scores(capsys):
    runs = [search(blocks(), estimators=[AdjacencySpectral()], n_components=[4], budget_seconds=60, random_state=3,
                   verbose=1).trials for _ in range(2)]
    n = min(map(len, runs))
    assert [trial["scores"] for trial in runs[0][:n]] == [trial["scores"] for trial in runs[1][:n]]
    assert capsys.readouterr().err.startswith("round 1: AdjacencySpectral  {4: 0.")


def test_the_choice_is_within_a_standard_error_of_the_best():
    rng = np.random.default_rng(0)
    noise = 0.001 * rng.normal(size=(2, 2, 10))
    level = np.array([[0.8, 0.9], [0.7, 0.9]])[:, :, None] + np.zeros(10)
    assert _choose(level + noise)[1] == 1  # the small size is worse
    assert _choose(np.array([[0.9, 0.9], [0.9, 0.9]])[:, :, None] + noise[:1, :1]) == (0, 0)
    level[1] += 0.05
    assert _choose(level + noise) == (1, 1)
    level[1, :, 5:] = np.nan  # it had less time: compared on what both did
    assert _choose(level + noise) == (1, 1)
    level[1, :, 4:] = np.nan  # it had too little
    assert _choose(level + noise) == (0, 1)
    assert _choose(np.array([[[0.5]], [[0.6]], [[0.6]]])) == (1, 0)  # one round: the best


def test_intervals_cover_what_they_should():
    rng = np.random.default_rng(0)
    told = [_knob("k", {value: rng.normal(size=6) for value in "abc"}).matters for _ in range(400)]
    assert np.mean(told) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert _compare(np.array([1.0, np.nan, 2.0]), np.array([0.0, 0.0, 0.0])) == (1.5, pytest.approx(0.5), 2)
    assert Knob("k", {1: 0.5}, 0.0, float("nan"), 1).matters is None


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"task": "nodes"}, ValueError, "task must be one of 'links', 'labels'; got 'nodes'"),
    ({"task": "labels"}, ValueError, "labels must be given for task='labels'"),
    ({"labels": [0]}, ValueError, "labels must be given for task='labels', and only there"),
    ({"budget_seconds": 0}, ValueError, "budget_seconds must be a finite number > 0; got 0"),
    ({"n_components": []}, ValueError, "n_components must hold at least one number"),
    ({"n_components": [0]}, ValueError, "each of n_components must be an int >= 1; got 0"),
    ({"estimators": []}, ValueError, "estimators must hold at least one"),
])
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        search(blocks(), **options)


def test_other_estimators_are_refused():
    from sklearn.decomposition import PCA, NMF  # noqa: I001
    from sklearn.preprocessing import Normalizer

    assert {"n_components", "random_state"} <= NMF().get_params().keys() | PCA().get_params().keys()
    with pytest.raises(TypeError, match="estimators must be embedding methods of graphs; got Normalizer"):
        search(blocks(), estimators=[Normalizer()])
