"""What a user meets after `pip install graphemb`: run outside the tree, by a Python that has no extras."""
import sys
import time
from pathlib import Path

start = time.perf_counter()
import graphemb  # noqa: E402

seconds = time.perf_counter() - start
heavy = sorted({"gensim", "matplotlib", "torch", "pandas", "polars"} & sys.modules.keys())
if heavy:
    sys.exit(f"import graphemb brought in {', '.join(heavy)}")
if Path(sys.prefix) not in Path(graphemb.__file__).parents:
    sys.exit(f"graphemb came from {graphemb.__file__}, not from the environment {sys.prefix}")

import networkx as nx  # noqa: E402
import numpy as np  # noqa: E402

graph = nx.les_miserables_graph()
model = graphemb.Node2Vec(n_components=32, p=1.0, q=2.0, window=3, random_state=0)
vectors = model.fit_transform(graph)
if vectors.shape != (len(graph), 32) or vectors.dtype != np.float32 or not np.isfinite(vectors).all():
    sys.exit(f"bad vectors: shape {vectors.shape}, dtype {vectors.dtype}")

# Neighbours in the graph must lie nearer than other pairs do: a model that learnt nothing fails here.
unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
cosine = unit @ unit.T
linked = nx.to_numpy_array(graph) > 0
apart = ~linked & ~np.eye(len(graph), dtype=bool)
if not cosine[linked].mean() > cosine[apart].mean() + 0.2:
    sys.exit(f"cosine is {cosine[linked].mean():.3f} for linked pairs, {cosine[apart].mean():.3f} for others")

print(f"imported in {seconds:.2f} s; nearest to Valjean: {model.vectors_.most_similar('Valjean', k=3)}")
