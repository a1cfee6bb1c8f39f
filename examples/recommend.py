"""Recommend items to users from a bipartite graph of who bought what, and say how good the lists are.

    python examples/recommend.py                # amazon_user_item.npz in the folder that GRAPHEMB_DATA names
    python examples/recommend.py events.csv     # your own: a header, then user,item or user,item,time

The last item of each user is hidden, the rest embedded, and all items that the user has not bought are ranked.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphemb import AdjacencySpectral, Graph

FOLDER = "GRAPHEMB_DATA"
BLOCK = 2**22  # scores held at a time
Scores = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""From rows of users to a score for each of all items, shape (n_rows, n_items)."""


@dataclass
class Events:
    """Who bought what, in order of time; users and items are numbered from 0, each for themselves."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    users: list[str]
    items: list[str]

    def without(self, hidden: NDArray[np.bool_]) -> sparse.csr_array:
        """1 where a user bought an item, shape (n_users, n_items)."""
        kept = ~hidden
        bought = sparse.csr_array((np.ones(int(kept.sum())), (self.user[kept], self.item[kept])),
                                  shape=(len(self.users), len(self.items)))
        bought.data[:] = 1
        return bought


def read(path: Path) -> Events:
    """Events of a .csv file, or of an .npz file with edge_src, edge_dst, edge_time and node_type."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            source, target, time, kind = (file[name] for name in ("edge_src", "edge_dst", "edge_time", "node_type"))
        n_users = int((kind == 0).sum())
        user, item = source.astype(np.int64), target.astype(np.int64) - n_users
        users = [f"user {i}" for i in range(n_users)]
        items = [f"item {i}" for i in range(len(kind) - n_users)]
    else:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
        short = [number for number, row in enumerate(rows, 2) if len(row) < 2]
        if short:
            raise SystemExit(f"{path}, line {short[0]}: expected user,item or user,item,time.")
        names, user = np.unique([row[0] for row in rows], return_inverse=True)
        users = [f"user {name}" for name in names]  # the kind in front, so that user 7 is not item 7
        names, item = np.unique([row[1] for row in rows], return_inverse=True)
        items = [f"item {name}" for name in names]
        time = np.array([float(row[2]) if len(row) > 2 else 0.0 for row in rows])
    order = np.argsort(time, kind="stable")
    first = np.sort(np.unique(user[order] * len(items) + item[order], return_index=True)[1])  # buying twice is once
    return Events(user[order][first], item[order][first], users, items)


def hide_last(events: Events) -> NDArray[np.bool_]:
    """Whether an event is its user's last; a user with one event keeps it."""
    n = len(events.user)
    last = np.full(len(events.users), -1)
    last[events.user] = np.arange(n)
    hidden = np.zeros(n, bool)
    hidden[last[np.bincount(events.user, minlength=len(events.users)) > 1]] = True
    return hidden


def embed(bought: sparse.csr_array, events: Events, n_components: int) -> AdjacencySpectral:
    """Vectors of users and items alike; inner products of the two sides predict the graph's edges.

    `row_norm=0` keeps the lengths, which say how active a user and how wanted an item is.
    """
    user, item = bought.nonzero()
    graph = Graph.from_edges([events.users[i] for i in user], [events.items[i] for i in item],
                             nodes=[*events.users, *events.items])
    return AdjacencySpectral(n_components, row_norm=0.0, random_state=0).fit(graph)


def by_vectors(model: AdjacencySpectral, events: Events) -> Scores:
    """An item's score is the inner product of its vector, as a target, with the user's."""
    users, items = model.vectors_[events.users], model.target_vectors_[events.items]
    return lambda rows: users[rows] @ items.T


def by_popularity(bought: sparse.csr_array) -> Scores:
    """How many users bought an item; the same for every user."""
    count = bought.sum(axis=0)
    return lambda rows: np.tile(count, (len(rows), 1))


def by_company(bought: sparse.csr_array) -> Scores:
    """Cosine of the sets of buyers with those of the items that the user has, summed."""
    together = (bought.T @ bought).toarray()
    count = np.sqrt(np.maximum(np.diag(together), 1))
    np.fill_diagonal(together, 0)
    alike = together / count / count[:, None]
    return lambda rows: bought[rows] @ alike


def judge(score: Scores, bought: sparse.csr_array, user: NDArray[np.int64],
          item: NDArray[np.int64]) -> tuple[float, float, float]:
    """Share of hidden items among the first 10, among the first 50, and the area under the ROC curve.

    A hidden item is ranked among those its user has not bought; equal scores share their ranks.
    """
    better, others = np.empty(len(user)), np.empty(len(user))
    step = max(1, BLOCK // bought.shape[1])
    for start in range(0, len(user), step):
        part = slice(start, start + step)
        scores = np.array(score(user[part]), np.float64)
        of_hidden = np.take_along_axis(scores, item[part, None], axis=1)
        scores[bought[user[part]].nonzero()] = -np.inf
        better[part] = (scores > of_hidden).sum(axis=1) + ((scores == of_hidden).sum(axis=1) - 1) / 2
        others[part] = np.isfinite(scores).sum(axis=1) - 1
    return float((better < 10).mean()), float((better < 50).mean()), float(np.mean(1 - better / np.maximum(others, 1)))


def newcomer(model: AdjacencySpectral, events: Events, bought: sparse.csr_array) -> None:
    """Recommend to somebody who came after the fit and has bought three things."""
    seed = int(np.argmax(bought.sum(axis=0)))  # a popular item, and the two bought most often with it
    company = np.asarray((bought.T @ bought[:, [seed]]).todense()).ravel()
    basket = [events.items[i] for i in np.argsort(-company, kind="stable")[:3]]
    graph = Graph.from_edges(["a new user"] * 3, basket)
    vector = model.transform(graph)[list(graph.nodes).index("a new user")]
    scores = model.target_vectors_[events.items] @ vector
    scores[[events.items.index(name) for name in basket]] = -np.inf
    print(f"\nA new user bought {', '.join(basket)}. Folded in, without a new fit, we recommend:")
    for i in np.argsort(-scores, kind="stable")[:5]:
        print(f"  {scores[i]:6.3f}  {events.items[i]}")


def main(path: Path, n_components: int) -> None:
    """Hide, embed, compare, recommend."""
    events = read(path)
    hidden = hide_last(events)
    bought = events.without(hidden)
    print(f"{len(events.users):,} users, {len(events.items):,} items, {len(events.user):,} purchases; the last one of "
          f"each of {int(hidden.sum()):,} users is hidden.")
    model = embed(bought, events, n_components)
    print(f"Embedded in {model.fit_report_['seconds']['total']:.2f} s.\n")
    print("A hidden item is               hits@10  hits@50  AUC   (per cent; ranked among all not bought)")
    for name, score in (("ranked by popularity", by_popularity(bought)),
                        ("ranked by bought-together", by_company(bought)),
                        ("ranked by AdjacencySpectral", by_vectors(model, events))):
        print(f"  {name:28s} {'  '.join(f'{100 * x:6.1f}' for x in judge(score, bought, *at(events, hidden)))}")
    newcomer(model, events, bought)


def at(events: Events, hidden: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """User and item of the hidden events."""
    return events.user[hidden], events.item[hidden]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Recommend items from who bought what, beside two baselines.")
    parser.add_argument("events", nargs="?", type=Path, help="csv with a header: user,item or user,item,time")
    parser.add_argument("--n-components", type=int, default=128, help="numbers a vector (default: 128)")
    given = parser.parse_args()
    if given.events is None and FOLDER not in os.environ:
        raise SystemExit(f"Name a csv file, or set {FOLDER} to a folder that holds amazon_user_item.npz.")
    main(given.events or Path(os.environ[FOLDER]) / "amazon_user_item.npz", given.n_components)
