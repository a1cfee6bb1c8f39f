"""Who went to which party (Davis's Southern women, 1941): groups of women from the parties alone.

    python examples/bipartite.py
"""

import networkx as nx
import numpy as np
from sklearn.cluster import KMeans

from graphemb import AdjacencySpectral, Graph

network = nx.davis_southern_women_graph()
women = [v for v, side in network.nodes(data="bipartite") if side == 0]
model = AdjacencySpectral(n_components=3, random_state=0).fit(Graph.from_networkx(network))

Z = model.vectors_[women]
Z = Z / np.linalg.norm(Z, axis=1, keepdims=True)
found = KMeans(2, n_init=10, random_state=0).fit_predict(Z)
# Davis, Gardner and Gardner saw two groups, women 1 to 9 and 9 to 18 of their table; the ninth belonged to both.
seen = np.array([i >= 9 for i in range(18)])
agree = max((found == seen).mean(), (found != seen).mean())
print(f"{agree:.2f} of 18 women in the group in which their observers saw them")
for group in (0, 1):
    print(f"  {', '.join(name.split()[0] for name, g in zip(women, found, strict=True) if g == group)}")
