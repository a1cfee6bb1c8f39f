"""Graph embeddings: give it a graph, get back one vector per node.

Every method is a scikit-learn estimator; `Graph` and `as_graph` say what counts as a graph.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Graph": "graph", "as_graph": "graph", "Embedding": "embedding",
    "random_walks": "walks", "iter_walks": "walks", "to_labels": "walks", "verify_walks": "verify",
    "restart_pairs": "restart", "iter_restart_pairs": "restart",
    "TemporalGraph": "temporal_graph", "as_temporal_graph": "temporal_graph",
    "temporal_walks": "temporal", "iter_temporal_walks": "temporal",
    "metapath_walks": "metapath", "iter_metapath_walks": "metapath",
    "DeepWalk": "estimators.deepwalk", "Node2Vec": "estimators.node2vec",
    "LINE": "estimators.line", "VERSE": "estimators.verse", "Walklets": "estimators.walklets",
    "MetaPath2Vec": "estimators.metapath2vec", "CTDNE": "estimators.ctdne",
    "LocallyLinearEmbedding": "estimators.lle", "LLE": "estimators.lle",
    "AdjacencySpectral": "estimators.adjacency_spectral",
    "LaplacianEigenmaps": "estimators.laplacian_eigenmaps",
    "NodeFeatures": "pipeline", "EdgeFeatures": "pipeline", "split_edges": "links", "EdgeSplit": "links",
    "search": "tuning", "preset": "presets",
    "NetMF": "estimators.netmf", "ProNE": "estimators.prone", "propagate": "estimators.prone",
    "GraRep": "estimators.grarep", "HOPE": "estimators.hope",
    "RandNE": "estimators.randne", "FastRP": "estimators.fastrp",
    "GraphWave": "estimators.graphwave", "Struc2Vec": "estimators.struc2vec",
}
_MODULES = ("datasets", "evaluate", "plot")

__all__ = ["__version__", *_HOME, *_MODULES]

if TYPE_CHECKING:
    from graphemb import datasets, evaluate, plot
    from graphemb.embedding import Embedding
    from graphemb.estimators.adjacency_spectral import AdjacencySpectral
    from graphemb.estimators.ctdne import CTDNE
    from graphemb.estimators.deepwalk import DeepWalk
    from graphemb.estimators.fastrp import FastRP
    from graphemb.estimators.graphwave import GraphWave
    from graphemb.estimators.grarep import GraRep
    from graphemb.estimators.hope import HOPE
    from graphemb.estimators.laplacian_eigenmaps import LaplacianEigenmaps
    from graphemb.estimators.line import LINE
    from graphemb.estimators.lle import LLE, LocallyLinearEmbedding
    from graphemb.estimators.metapath2vec import MetaPath2Vec
    from graphemb.estimators.netmf import NetMF
    from graphemb.estimators.node2vec import Node2Vec
    from graphemb.estimators.prone import ProNE
    from graphemb.estimators.randne import RandNE
    from graphemb.estimators.struc2vec import Struc2Vec
    from graphemb.estimators.verse import VERSE
    from graphemb.estimators.walklets import Walklets
    from graphemb.graph import Graph, as_graph
    from graphemb.links import EdgeSplit, split_edges
    from graphemb.metapath import iter_metapath_walks, metapath_walks
    from graphemb.pipeline import EdgeFeatures, NodeFeatures
    from graphemb.presets import preset
    from graphemb.restart import iter_restart_pairs, restart_pairs
    from graphemb.temporal import iter_temporal_walks, temporal_walks
    from graphemb.temporal_graph import TemporalGraph, as_temporal_graph
    from graphemb.tuning import search
    from graphemb.verify import verify_walks
    from graphemb.walks import iter_walks, random_walks, to_labels


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import graphemb` is fast."""
    if name in _HOME:
        value = getattr(import_module(f"graphemb.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"graphemb.{name}")
    else:
        raise AttributeError(f"module 'graphemb' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
