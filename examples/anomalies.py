"""Find accounts that befriend strangers at random, hidden among real ones (Facebook circles).

    GRAPHEMB_DATA=folder python examples/anomalies.py
"""

import numpy as np
from real import graph_and_classes
from sklearn.metrics import roc_auc_score

from graphemb import AdjacencySpectral, Graph

graph, _ = graph_and_classes("facebook_ego")
rng = np.random.default_rng(0)
n, n_false = graph.n_nodes, 40
degree = np.diff(graph.indptr)

# Each false account takes the number of friends of a real one, but its friends know nothing of each other.
chosen = [rng.choice(n, size=max(5, degree[rng.integers(n)]), replace=False) for _ in range(n_false)]
arcs = graph.to_scipy().tocoo()
once = arcs.row < arcs.col
source = np.r_[arcs.row[once], np.repeat(np.arange(n, n + n_false), list(map(len, chosen)))]
target = np.r_[arcs.col[once], np.concatenate(chosen)]
grown = Graph.from_edges(source, target, nodes=range(n + n_false))

# The friends of an ordinary account lie together: their mean unit vector is long. Those of a false one do not.
Z = AdjacencySpectral(n_components=64, random_state=0).fit_transform(grown)
Z = Z / np.maximum(np.linalg.norm(Z, axis=1, keepdims=True), 1e-12)
A = grown.to_scipy()
degree = np.diff(grown.indptr)
together = np.linalg.norm(A @ Z, axis=1) / np.maximum(degree, 1)
strange = np.where(degree >= 5, 1 - together, 0)

false = np.arange(n + n_false) >= n
suspects = np.argsort(-strange)[:n_false]
print(f"{roc_auc_score(false, strange):.3f} AUC of telling {n_false} false accounts among {n:,}")
print(f"{false[suspects].mean():.2f} of the {n_false} most strange accounts are false; "
      f"by chance {n_false / len(false):.2f}")
