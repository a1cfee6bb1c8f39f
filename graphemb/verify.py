"""A self-test of the walks on the user's own graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2

from graphemb._validation import check_int, check_real, check_seed
from graphemb.graph import Graph, as_graph
from graphemb.walks import random_walks

GROUPS = 5  # a node's neighbours are told apart by this many colours, beside their place in the walk


@dataclass(frozen=True)
class WalkCheck:
    """Result of `verify_walks`.

    Attributes
    ----------
    p_value : float
        How often exact walks would deviate at least as far. Below 1e-3 something is wrong.
    statistic : float
        Chi-square statistic.
    degrees_of_freedom : int
    n_steps : int
        Steps that were looked at.
    seen, expected : dict
        Share of steps back to the node before (``"return"``), to a neighbour of it
        (``"common"``), and away from it (``"away"``): in the walks and by the definition.
    """

    p_value: float
    statistic: float
    degrees_of_freedom: int
    n_steps: int
    seen: dict[str, float]
    expected: dict[str, float]


def verify_walks(graph: Any, p: float = 1.0, q: float = 1.0, *, n_steps: int = 20_000,
                 random_state: Any = None) -> WalkCheck:
    """Test by chi-square whether node2vec walks on this graph go where p and q send them.

    For each of `n_steps` steps (t, v) -> x the definition gives the probability of every neighbour
    of v. Neighbours are put into 15 cells: back, near t or away from t, times five colours given at
    random to all nodes; what is seen in the cells is compared with the sum of their probabilities.

    Parameters
    ----------
    graph : Graph or anything `as_graph` takes
    p, q : float, default=1.0
        As in `random_walks`.
    n_steps : int, default=20_000
        Steps to look at, from walks that begin at random nodes.
    random_state : int, Generator, RandomState or None, default=None

    Returns
    -------
    check : WalkCheck

    Raises
    ------
    ValueError
        If a parameter is out of range, or the graph has no walk of three nodes.

    Notes
    -----
    A step given the two nodes before it is a draw from known probabilities, so the sum over steps of
    (seen - probability) has covariance sum(diag(P) - P P') and its quadratic form is chi-square.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import verify_walks
    >>> check = verify_walks(nx.karate_club_graph(), p=0.25, q=4, n_steps=2000, random_state=0)
    >>> check.p_value > 1e-3
    True
    """
    p, q = check_real("p", p, 1e-100, 1e100), check_real("q", q, 1e-100, 1e100)
    n_steps = check_int("n_steps", n_steps, 1)
    graph = as_graph(graph)
    rng = np.random.default_rng(check_seed(random_state))
    steps = _steps(graph, p, q, n_steps, rng)
    colour = rng.integers(0, GROUPS, graph.n_nodes)
    difference, covariance = np.zeros(3 * GROUPS), np.zeros((3 * GROUPS, 3 * GROUPS))
    seen, expected = np.zeros(3), np.zeros(3)
    for t, v, x in steps.tolist():
        row = slice(graph.indptr[v], graph.indptr[v + 1])
        neighbours = graph.indices[row]
        place = np.where(_is_neighbour(graph, t, neighbours), 1, 2)
        place[neighbours == t] = 0
        weight = np.array([1 / p, 1.0, 1 / q])[place]
        if graph.weights is not None:
            weight = weight * graph.weights[row]
        cell = place * GROUPS + colour[neighbours]
        probability = np.bincount(cell, weight / weight.sum(), 3 * GROUPS)
        at = int(np.searchsorted(neighbours, x))
        difference[cell[at]] += 1
        difference -= probability
        covariance += np.diag(probability) - np.outer(probability, probability)
        seen[place[at]] += 1
        expected += probability.reshape(3, GROUPS).sum(axis=1)
    values, directions = np.linalg.eigh(covariance)
    free = values > 1e-9 * max(values[-1], 1.0)
    statistic = float(((directions[:, free].T @ difference) ** 2 / values[free]).sum())
    freedom = int(free.sum())
    names = ("return", "common", "away")
    return WalkCheck(
        float(chi2.sf(statistic, freedom)) if freedom else 1.0, statistic, freedom, len(steps),
        dict(zip(names, (seen / len(steps)).tolist(), strict=True)),
        dict(zip(names, (expected / len(steps)).tolist(), strict=True)))


def _steps(graph: Graph, p: float, q: float, n_steps: int, rng: np.random.Generator) -> np.ndarray:
    """(t, v, x) of consecutive nodes, shape (n_steps, 3), from walks that begin at random nodes."""
    leads_on = np.diff(graph.indptr) > 0
    inner = np.flatnonzero(graph.to_scipy() @ leads_on)  # a walk from here may have three nodes
    if not len(inner):
        raise ValueError("graph has no walk of three nodes; there is nothing to verify.")
    found: list[np.ndarray] = []
    while sum(map(len, found)) < n_steps:
        start = [graph.nodes[u] for u in rng.choice(inner, 1000)]
        walks = random_walks(graph, n_walks=1, walk_length=22, p=p, q=q, start=start, random_state=rng)
        triples = np.stack([walks[:, :-2], walks[:, 1:-1], walks[:, 2:]], axis=-1).reshape(-1, 3)
        found.append(triples[triples[:, 2] >= 0])
    return np.concatenate(found)[:n_steps]


def _is_neighbour(graph: Graph, u: int, nodes: np.ndarray) -> np.ndarray:
    """Which of `nodes` are in the row of u."""
    row = graph.indices[graph.indptr[u]:graph.indptr[u + 1]]
    at = np.minimum(np.searchsorted(row, nodes), len(row) - 1)
    return row[at] == nodes
