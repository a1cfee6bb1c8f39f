"""Find friendships that were hidden (Facebook circles), against easy pairs and hard ones.

    GRAPHEMB_DATA=folder python examples/link_prediction.py
"""

from real import graph_and_classes

from graphemb import AdjacencySpectral, split_edges
from graphemb.evaluate import link_prediction

graph, _ = graph_and_classes("facebook_ego")
split = split_edges(graph, train_size=0.05, test_size=0.1, random_state=0)
print(f"{graph.n_edges:,} edges, of which {split.graph.n_edges:,} were embedded")
model = AdjacencySpectral(random_state=0).fit(split.graph)

for operator in ("dot", "hadamard"):
    scores = link_prediction(model, split, operator=operator)
    for pairs in ("uniform", "degree", "hard"):
        print(f"{scores[pairs].auc:.3f} AUC by {operator:<8} against {pairs} pairs")
