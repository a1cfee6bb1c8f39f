"""GraRep: its matrices, columns by number of steps, folding in, messages."""

import networkx as nx
import numpy as np
import pytest
import reference
from known import blocks, hidden_nodes_error, up_to_signs, weighted_graph, with_twins

from graphemb import GraRep
from graphemb.evaluate import node_classification


@pytest.mark.parametrize("negatives", [1, 2])
@pytest.mark.parametrize("directed", [False, True])
def test_equals_the_twin(directed, negatives):
    G = weighted_graph(directed=directed)
    A = nx.to_numpy_array(G)
    model = GraRep(7, n_steps=3, n_negative=negatives, row_norm=0).fit(G)
    columns = [(0, 3), (3, 5), (5, 7)]
    parts = [reference.factorised(reference.grarep_matrix(A, k, negatives), b - a)
             for k, (a, b) in enumerate(columns, 1)]
    expected = np.concatenate(parts, axis=1)
    expected *= 1.5 / np.sqrt((expected**2).sum(axis=1).mean())
    np.testing.assert_allclose(model.embedding_, up_to_signs(model.embedding_, expected), atol=1e-3)
    assert len(model.fit_report_["residuals"]) == 3 and model.n_iter_ == 1


@pytest.mark.parametrize("directed", [False, True])
def test_a_new_node_with_the_edges_of_a_fitted_one_lands_on_it(directed):
    G = weighted_graph(directed=directed)
    model = GraRep(6, n_steps=2).fit(G)
    np.testing.assert_allclose(model.transform(with_twins(G))[60:], model.embedding_[[3, 17, 40]], atol=1e-3)


def test_finds_communities_and_folds_in():
    """Folded in nearer to a fit of the whole graph than the mean of the neighbours is."""
    G, y = blocks()
    Z = GraRep(8, n_steps=2).fit_transform(G)
    assert node_classification(Z, y, train_sizes=(0.2,), n_splits=3).micro[0.2] > 0.9
    folded, mean = hidden_nodes_error(GraRep(8, n_steps=2), G)
    assert folded < 0.9 * mean


def test_blocks_of_rows_make_no_difference(monkeypatch, capsys):
    G = weighted_graph()
    Z = GraRep(4, n_steps=2).fit_transform(G)
    monkeypatch.setattr("graphemb.proximity.BLOCK_ENTRIES", 600)
    np.testing.assert_allclose(GraRep(4, n_steps=2, verbose=1).fit_transform(G), Z, atol=1e-4)
    assert "matrix 2/2: 100%" in capsys.readouterr().err


def test_too_large_a_graph_is_refused():
    with pytest.raises(ValueError, match=r"GraRep needs 0.0 GiB .* 600 x 600 numbers, .* use NetMF\(method='sampled'"):
        GraRep(4, max_memory=2**20).fit(nx.path_graph(600))


@pytest.mark.parametrize(("parameters", "message"), [
    ({"n_steps": 0}, "n_steps must be an int >= 1; got 0"),
    ({"n_negative": 0}, "n_negative must be an int >= 1; got 0"),
    ({"max_memory": 1}, "max_memory must be an int >= 1048576; got 1"),
    ({"row_norm": 2}, "row_norm must be a finite number >= 0 and <= 1; got 2"),
])
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        GraRep(**parameters).fit(nx.path_graph(4))
