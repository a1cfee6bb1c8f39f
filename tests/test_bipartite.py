"""Bipartite graphs: sensible vectors for both sides, by every factorisation."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def recommended(*arguments):
    """What the example prints: hits@10, hits@50 and AUC by ranking, and the lines after them."""
    script = Path(__file__).resolve().parent.parent / "examples" / "recommend.py"
    done = subprocess.run([sys.executable, "-W", "error", str(script), *arguments], capture_output=True, text=True,
                          check=True)
    ranked, last = {}, 0
    lines = done.stdout.splitlines()
    for i, line in enumerate(lines):
        if "ranked by" in line:
            name, *numbers = line.split("ranked by ")[1].split()
            ranked[name], last = [float(number) for number in numbers], i
    return ranked, lines[last + 1:]


def test_recommender_beats_popularity_and_keeps_to_a_taste(tmp_path):
    """Three tastes; users and items have the same numbers for names."""
    rng = np.random.default_rng(0)
    lines = ["user,item,time"]
    for user in range(150):
        bought = rng.choice(20, 8, replace=False) + 20 * (user % 3)
        lines += [f"{user},{item},{time}" for time, item in enumerate(bought)]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(lines))
    ranked, rest = recommended(str(path), "--n-components", "8")
    assert ranked["AdjacencySpectral"][2] > 75 > 60 > ranked["popularity"][2]
    items = [[int(number) for number in re.findall(r"item (\d+)", line)] for line in rest]
    basket, *lists = [numbers for numbers in items if numbers]
    assert len(basket) == 3 and len(lists) == 5
    assert len({number // 20 for numbers in (basket, *lists) for number in numbers}) == 1


@pytest.mark.skipif("GRAPHEMB_DATA" not in os.environ, reason="GRAPHEMB_DATA is not set")
def test_recommender_beats_popularity_on_purchases():
    if not (Path(os.environ["GRAPHEMB_DATA"]) / "amazon_user_item.npz").is_file():
        pytest.skip("no amazon_user_item.npz in GRAPHEMB_DATA")
    ranked, _ = recommended()
    ours, popular = ranked["AdjacencySpectral"], ranked["popularity"]
    assert ours[0] > 2 * popular[0] and ours[1] > 1.5 * popular[1] and ours[2] > popular[2] + 8
