"""Draw who writes to whom in an institute (email-Eu-core), as a picture and as a page to explore.

    GRAPHEMB_DATA=folder python examples/visualisation.py [folder for the files]
"""

import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from real import graph_and_classes
from sklearn.neighbors import KNeighborsClassifier

from graphemb import DeepWalk, Graph
from graphemb.plot import explorer, plot

matplotlib.use("Agg")  # files are written, no window opened
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

graph, department = graph_and_classes("email_eu_core")
both_ways = graph.to_scipy()
graph = Graph.from_scipy(both_ways + both_ways.T, directed=False)
model = DeepWalk(n_walks=10, walk_length=40, window=5, random_state=0).fit(graph)
labels = [f"department {d:02d}" for d in department]

figure, ax = plt.subplots(figsize=(10, 7), layout="constrained")
plot(model.vectors_, labels, "tsne", ax)
figure.savefig(folder / "email.png", dpi=110)
explorer(model.vectors_, folder / "email.html", labels, "tsne", graph=graph, title="E-mail of an institute")

right = KNeighborsClassifier(6, metric="cosine").fit(model.embedding_, department).score(model.embedding_, department)
print(f"{right:.2f} of {graph.n_nodes:,} people stand among their own department (five nearest and themselves)")
print(f"Picture: {folder / 'email.png'}; explorer: {folder / 'email.html'}")
