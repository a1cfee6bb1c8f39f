"""NetMF: its matrix three ways, directed graphs, folding in, messages."""

import networkx as nx
import numpy as np
import pytest
import reference
from known import blocks, hidden_nodes_error, up_to_signs, weighted_graph, with_twins

from graphemb import NetMF
from graphemb.evaluate import node_classification


@pytest.mark.parametrize(("window", "negatives"), [(1, 1), (3, 1), (4, 2)])
@pytest.mark.parametrize("directed", [False, True])
def test_equals_the_twin(window, negatives, directed):
    G = weighted_graph(directed=directed)
    A = nx.to_numpy_array(G)
    M = reference.netmf_matrix(A + A.T if directed else A, window, negatives)
    expected = reference.factorised(M, 6)
    model = NetMF(6, window=window, n_negative=negatives, row_norm=0).fit(G)
    np.testing.assert_allclose(model.embedding_, up_to_signs(model.embedding_, expected), atol=2e-4)
    assert model.fit_report_["method"] == "exact" and model.fit_report_["error"] < 1e-4


def test_inner_products_are_the_matrix():
    G = nx.complete_multipartite_graph(5, 5, 5)
    M = reference.netmf_matrix(nx.to_numpy_array(G), 1, 1)
    model = NetMF(15, window=1, row_norm=0).fit(G)
    signs = np.sign(np.linalg.eigvalsh(M))
    assert (signs < -0.5).any()  # so the product below has the absolute value of the matrix
    values, V = np.linalg.eigh(M)
    np.testing.assert_allclose(model.embedding_ @ model.embedding_.T, (V * np.abs(values)) @ V.T, atol=1e-4)


@pytest.mark.parametrize("directed", [False, True])
def test_row_norm_scales_rows(directed):
    G = weighted_graph(directed=directed)
    Z, Y = (NetMF(6, window=3, row_norm=power).fit_transform(G) for power in (0.0, 1.0))
    np.testing.assert_allclose(np.linalg.norm(Y, axis=1), 1.5, rtol=1e-5)
    np.testing.assert_allclose(Y / 1.5, Z / np.linalg.norm(Z, axis=1, keepdims=True), atol=1e-5)


def test_spectral_is_exact_with_all_eigenpairs_and_close_with_some():
    G, _ = blocks()
    exact = NetMF(4, window=5, method="exact").fit(G)
    whole = NetMF(4, window=5, method="spectral", rank=240).fit(G)
    assert whole.fit_report_["error"] < 1e-4
    np.testing.assert_allclose(whole.embedding_, exact.embedding_, atol=1e-3)
    some = NetMF(4, window=5, method="spectral", rank=60, random_state=0).fit(G)
    fewer = NetMF(4, window=5, method="spectral", rank=4, random_state=0).fit(G)
    assert 1e-4 < some.fit_report_["error"] < fewer.fit_report_["error"]


def test_more_samples_have_less_error():
    G, _ = blocks()
    errors = [NetMF(4, window=3, method="sampled", max_memory=2**m, shrinkage=s, random_state=0).fit(G)
              .fit_report_["error"] for m, s in ((20, 0.0), (20, 10.0), (24, 0.0))]
    assert errors[2] < 0.6 * errors[0] and errors[1] < errors[0]
    assert NetMF(4, window=1, method="sampled").fit(G).fit_report_["error"] < 1e-5


def test_sampled_weights_and_threads():
    G = weighted_graph()
    for u, v in list(G.edges)[::2]:
        G[u][v]["weight"] *= 20
    one, two = (NetMF(4, window=3, method="sampled", max_memory=2**24, random_state=1, n_jobs=jobs).fit(G)
                for jobs in (1, 2))
    assert one.embedding_.tobytes() == two.embedding_.tobytes()
    assert one.fit_report_["error"] < 0.25


@pytest.mark.parametrize("parameters", [
    {}, {"method": "spectral", "rank": 40}, {"method": "sampled", "max_memory": 2**23}], ids=str)
def test_finds_communities_and_folds_in(parameters):
    """Folded in nearer to a fit of the whole graph than the mean of the neighbours is."""
    G, y = blocks()
    model = NetMF(8, window=4, random_state=0, **parameters)
    assert node_classification(model.fit_transform(G), y, train_sizes=(0.2,), n_splits=3).micro[0.2] > 0.9
    folded, mean = hidden_nodes_error(NetMF(4, window=4, random_state=0, **parameters), G)
    assert folded < 0.8 * mean


@pytest.mark.parametrize("directed", [False, True])
def test_a_new_node_with_the_edges_of_a_fitted_one_lands_on_it(directed):
    G = weighted_graph(directed=directed)
    model = NetMF(6, window=3).fit(G)
    np.testing.assert_allclose(model.transform(with_twins(G))[60:], model.embedding_[[3, 17, 40]], atol=1e-4)


def test_auto_looks_at_work_and_memory():
    model = NetMF(max_memory=2**31)
    assert model._choose(1000, 20_000) == "exact"
    assert model._choose(10_000, 600_000) == "spectral"
    assert model._choose(40_000, 600_000) == "sampled"


def test_progress(capsys):
    NetMF(4, window=3, verbose=1, method="sampled", max_memory=2**20).fit(blocks()[0])
    assert "walks: 100%" in capsys.readouterr().err
    NetMF(4, window=3, verbose=1).fit(blocks()[0])
    assert "matrix: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(("parameters", "error", "message"), [
    ({"window": 0}, ValueError, "window must be an int >= 1 and <= 1000; got 0"),
    ({"n_negative": 0}, ValueError, "n_negative must be an int >= 1; got 0"),
    ({"method": "large"}, ValueError, "method must be one of 'auto', 'exact', 'spectral', 'sampled'; got 'large'"),
    ({"rank": 0}, ValueError, "rank must be an int >= 1; got 0"),
    ({"max_memory": 10}, ValueError, "max_memory must be an int >= 1048576; got 10"),
    ({"shrinkage": -1}, ValueError, "shrinkage must be a finite number >= 0; got -1"),
    ({"row_norm": 2}, ValueError, "row_norm must be a finite number >= 0 and <= 1; got 2"),
])
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        NetMF(**parameters).fit(nx.path_graph(4))
