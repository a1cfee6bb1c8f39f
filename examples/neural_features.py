"""Vectors as the initial weights of a torch embedding layer under a two-layer graph network (Cora); needs torch.

    GRAPHEMB_DATA=folder python examples/neural_features.py
"""

import numpy as np
import torch
from real import graph_and_classes
from sklearn.model_selection import train_test_split

from graphemb import AdjacencySpectral

graph, subject = graph_and_classes("cora")
y = torch.from_numpy(subject.astype(np.int64))
shown, asked = train_test_split(np.arange(graph.n_nodes), train_size=0.1, stratify=subject, random_state=0)

A = graph.to_scipy().tocoo()
n = graph.n_nodes
row, column = np.r_[A.row, np.arange(n)], np.r_[A.col, np.arange(n)]
scale = 1 / np.sqrt(np.bincount(row))
hat = torch.sparse_coo_tensor(np.stack((row, column)), torch.from_numpy(scale[row] * scale[column]).float(), (n, n),
                              check_invariants=False)


def accuracy(layer: torch.nn.Embedding, seed: int = 0) -> float:
    """Train a graph convolutional network (Kipf, Welling, ICLR 2017) on top of the layer; score the papers asked."""
    torch.manual_seed(seed)
    first, second = torch.nn.Linear(layer.embedding_dim, 32), torch.nn.Linear(32, int(y.max()) + 1)
    parts = torch.nn.ModuleList((layer, first, second))
    optimiser = torch.optim.Adam(parts.parameters(), lr=0.01, weight_decay=5e-4)
    for _ in range(100):
        hidden = torch.relu(hat @ first(torch.nn.functional.dropout(layer.weight, 0.5)))
        loss = torch.nn.functional.cross_entropy((hat @ second(hidden))[shown], y[shown])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        found = (hat @ second(torch.relu(hat @ first(layer.weight)))).argmax(dim=1)
    return float((found[asked] == y[asked]).float().mean())


model = AdjacencySpectral(random_state=0).fit(graph)
torch.manual_seed(0)
learnt = model.vectors_.to_torch(freeze=False)
print(f"{accuracy(learnt):.2f} of {len(asked):,} papers right, layer begun with the vectors")
print(f"{accuracy(torch.nn.Embedding(n, 128)):.2f} right, layer begun at random")
