"""Tell the subject of papers from who cites whom (Cora).

    GRAPHEMB_DATA=folder python examples/node_classification.py
"""

import numpy as np
from real import graph_and_classes
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from graphemb import AdjacencySpectral, DeepWalk, NodeFeatures

graph, subject = graph_and_classes("cora")
papers = np.arange(graph.n_nodes)
shown, asked = train_test_split(papers, train_size=0.2, stratify=subject, random_state=0)

for embedder in (AdjacencySpectral(random_state=0), DeepWalk(n_walks=20, walk_length=40, random_state=0)):
    pipe = make_pipeline(NodeFeatures(embedder, graph), LogisticRegression(C=10, max_iter=2000))
    pipe.fit(shown, subject[shown])
    print(f"{pipe.score(asked, subject[asked]):.2f} of {len(asked)} papers right by {type(embedder).__name__}, "
          f"shown {len(shown)}")
print(f"{np.bincount(subject[asked]).max() / len(asked):.2f} right if the answer is always the largest subject")
