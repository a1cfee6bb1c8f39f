"""Recommend to each user an item that was rated later (Amazon ratings), and compare with what is popular.

    GRAPHEMB_DATA=folder python examples/recommendation.py
"""

import numpy as np
from real import arrays

from graphemb import Graph, ProNE

data = arrays("amazon_user_item")
user, item, time = data["edge_src"], data["edge_dst"], data["edge_time"]
items = np.unique(item)

# The last rating of each user who has at least five is hidden.
order = np.lexsort((time, user))
last = np.r_[user[order][1:] != user[order][:-1], True]
often = np.bincount(user)[user[order]] >= 5
hidden, kept = order[last & often], order[~(last & often)]
graph = Graph.from_edges(user[kept], item[kept], nodes=range(len(data["node_type"])))

model = ProNE(random_state=0).fit(graph)
Z = model.embedding_
scores = Z[user[hidden]] @ Z[items].T
popular = np.broadcast_to(np.diff(graph.indptr)[items].astype(float), scores.shape).copy()
for table in (scores, popular):  # what the user has rated already is not recommended again
    for row, u in enumerate(user[hidden]):
        table[row, np.searchsorted(items, graph.indices[graph.indptr[u]:graph.indptr[u + 1]])] = -np.inf

answer = np.searchsorted(items, item[hidden])
for name, table in (("vectors", scores), ("popularity", popular)):
    rank = (table > table[np.arange(len(answer)), answer][:, None]).sum(axis=1)
    print(f"{(rank < 20).mean():.3f} of {len(answer):,} hidden items among the first 20 of {len(items):,} by {name}")
