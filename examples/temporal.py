"""Who will write to whom next (CollegeMsg)? Walks that go forward in time, and walks that know no time.

    GRAPHEMB_DATA=folder python examples/temporal.py
"""

import numpy as np
from real import arrays
from sklearn.metrics import roc_auc_score

from graphemb import CTDNE, DeepWalk, Graph, TemporalGraph

data = arrays("collegemsg")
order = np.argsort(data["edge_time"], kind="stable")
source, target, time = (data[name][order] for name in ("edge_src", "edge_dst", "edge_time"))
n, cut = int(max(source.max(), target.max())) + 1, int(0.75 * len(time))
past = TemporalGraph.from_edges(source[:cut], target[:cut], time[:cut], nodes=range(n))

# Pairs who wrote to each other for the first time after the cut, both known before it; and as many who never did.
low, high = np.minimum(source, target), np.maximum(source, target)
key = low.astype(np.int64) * n + high
known = np.zeros(n, bool)
known[source[:cut]] = known[target[:cut]] = True
later = np.unique(key[cut:][~np.isin(key[cut:], key[:cut]) & known[low[cut:]] & known[high[cut:]]])
rng = np.random.default_rng(0)
people = np.flatnonzero(known)
drawn = np.sort(people[rng.integers(len(people), size=(4 * len(later), 2))], axis=1)
never = drawn[(drawn[:, 0] != drawn[:, 1]) & ~np.isin(drawn @ [n, 1], key)][:len(later)]
pairs = np.r_[np.column_stack((later // n, later % n)), never]
truth = np.arange(len(pairs)) < len(later)

static = Graph.from_edges(source[:cut], target[:cut], nodes=range(n))
print(f"{len(later):,} new pairs after {cut:,} messages")
for model, graph in ((CTDNE(n_components=64, bias="exponential", random_state=0), past),
                     (DeepWalk(n_components=64, random_state=0), static)):
    Z = model.fit_transform(graph)
    print(f"{roc_auc_score(truth, (Z[pairs[:, 0]] * Z[pairs[:, 1]]).sum(axis=1)):.3f} AUC by {type(model).__name__}")
