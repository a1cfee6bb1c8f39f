"""Papers that were published after the fit (Cora): folded in, and told their subject by an old classifier.

    GRAPHEMB_DATA=folder python examples/new_nodes.py
"""

import numpy as np
from real import graph_and_classes
from sklearn.linear_model import LogisticRegression

from graphemb import AdjacencySpectral, Graph

graph, subject = graph_and_classes("cora")
n = graph.n_nodes
new = np.random.default_rng(0).random(n) < 0.1
matrix = graph.to_scipy()
old = np.flatnonzero(~new)
before = Graph.from_scipy(matrix[old][:, old], nodes=old.tolist())

model = AdjacencySpectral(random_state=0).fit(before)
classifier = LogisticRegression(C=10, max_iter=2000).fit(model.embedding_, subject[old])

arrived = np.flatnonzero(new & ((matrix[:, old] != 0).sum(axis=1) > 0))  # those with an edge to a known paper
folded = model.transform(matrix[arrived][:, old])
mean = (matrix[arrived][:, old] @ model.embedding_) / matrix[arrived][:, old].sum(axis=1)[:, None]
print(f"{classifier.score(model.embedding_, subject[old]):.2f} right of the {len(old):,} papers of the fit")
print(f"{classifier.score(folded, subject[arrived]):.2f} right of {len(arrived)} new ones, by transform")
print(f"{classifier.score(mean, subject[arrived]):.2f} right of them, by the mean of their neighbours' vectors")
