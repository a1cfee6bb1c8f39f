"""Bipartite graphs: sensible vectors for both sides, by every factorisation."""

import pytest
from known import bipartite

from graphemb import HOPE, AdjacencySpectral, FastRP, GraRep, NetMF, ProNE, RandNE
from graphemb.evaluate import node_classification


@pytest.mark.parametrize("model", [
    AdjacencySpectral(16), NetMF(16, window=3), NetMF(16, window=3, method="sampled", max_memory=2**22, random_state=0),
    ProNE(16), HOPE(16, row_norm=0.5), HOPE(16, similarity="common", row_norm=0.5), GraRep(16, n_steps=2),
    RandNE(64, row_norm=1.0, random_state=0), FastRP(64, random_state=0)], ids=lambda model: type(model).__name__)
def test_both_sides_know_their_blocks(model):
    """Classified by logistic regression within each side."""
    G, block, n_users = bipartite()
    Z = model.fit_transform(G)
    for side in (slice(0, n_users), slice(n_users, None)):
        assert Z[side].any(axis=1).all()
        assert node_classification(Z[side], block[side], train_sizes=(0.5,), n_splits=3).micro[0.5] > 0.8
