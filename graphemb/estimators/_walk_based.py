"""What the walk methods share: corpus, skip-gram, folding in."""

from __future__ import annotations

import hashlib
import math
import numbers
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from graphemb._aligned import aligned_zeros
from graphemb._parallel import Tick
from graphemb._sgns import LANES
from graphemb._validation import (
    check_bool,
    check_choice,
    check_int,
    check_n_jobs,
    check_real,
    check_seed,
)
from graphemb.embedding import Embedding
from graphemb.estimators._base import BaseEmbedding, Report, warn
from graphemb.forecast import Estimate, check_memory, training
from graphemb.graph import Graph
from graphemb.rotation import principal_axes, rotated
from graphemb.skipgram import (
    GENSIM_LONGEST,
    ChangedCorpus,
    Corpus,
    SkipGram,
    fold_in,
    gensim_train,
    noise_pool,
    retrain,
    start_vectors,
    train,
)
from graphemb.walks import Sampler, WalkSampler, changed_arcs, cheapest_arc_test, check_walk_parameters

DIVERGED = 1.5  # times the loss of zero vectors, which know nothing
PROBE_TOKENS = 2_000_000
WORKING_BYTES = 2**21  # batches of walks and pairs in flight
MOST_FOLD_IN_VISITS = 8  # a new hub is trained on at most this many times an average node's walks


class WalkEmbedding(BaseEmbedding):
    """Base of the methods that train skip-gram on random walks; they add p and q, or set them to 1.

    Attributes
    ----------
    context_ : ndarray of shape (n_nodes, n_components), dtype=float32
        The output vectors of skip-gram: ``embedding_[u] @ context_[v]`` scores v near u.
    """

    p: float = 1.0
    q: float = 1.0
    extend: bool = False
    ordered: bool = False
    _resumed: tuple[Embedding, Embedding] | None = None
    _walks_at_once = 1

    def __init__(self, n_components: int = 128, *, walk_length: int = 80, n_walks: int = 10, window: int = 10,
                 n_negative: int = 5, n_epochs: int = 1, learning_rate: float = 0.025,
                 min_learning_rate: float = 1e-4, ns_exponent: float = 0.75, subsample: float = 0.0,
                 trainer: str = "native", deterministic: bool = True, init: Any = None, tol: float | None = None,
                 checkpoint: Any = None, ordered: bool = False, n_jobs: int | None = None, random_state: Any = None,
                 verbose: int = 0, callbacks: Sequence[Callable[[Tick], object]] = (),
                 weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.walk_length = walk_length
        self.n_walks = n_walks
        self.window = window
        self.n_negative = n_negative
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.min_learning_rate = min_learning_rate
        self.ns_exponent = ns_exponent
        self.subsample = subsample
        self.trainer = trainer
        self.deterministic = deterministic
        self.init = init
        self.tol = tol
        self.checkpoint = checkpoint
        self.ordered = ordered
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _validate(self) -> None:
        super()._validate()
        check_walk_parameters(self.walk_length, self.n_walks, self.p, self.q)
        check_int("window", self.window, 1, 2**30)
        check_int("n_negative", self.n_negative, 1, 1000)
        check_int("n_epochs", self.n_epochs, 1)
        rate = check_real("learning_rate", self.learning_rate, above=0)
        check_real("min_learning_rate", self.min_learning_rate, 0, rate)
        check_real("ns_exponent", self.ns_exponent, -10, 10)
        check_real("subsample", self.subsample, 0, 1)
        check_bool("extend", self.extend)
        check_bool("ordered", self.ordered)
        check_bool("deterministic", self.deterministic)
        check_choice("trainer", self.trainer, ("native", "gensim"))
        if self.tol is not None:
            check_real("tol", self.tol, 0)
        if self.checkpoint is not None:
            self._check_checkpoint()
        for name in ("tol", "checkpoint"):
            if self.trainer == "gensim" and getattr(self, name) is not None:
                raise ValueError(f"{name} must be None with trainer='gensim'; got {getattr(self, name)!r}. Use "
                                 "trainer='native'.")
        if self.trainer == "gensim" and self.walk_length > GENSIM_LONGEST:
            raise ValueError(f"walk_length must be <= {GENSIM_LONGEST} with trainer='gensim', which cuts longer "
                             f"sentences silently; got {self.walk_length}. Use trainer='native'.")

    def _check_checkpoint(self) -> None:
        if not isinstance(self.checkpoint, (str, os.PathLike)):
            raise TypeError(f"checkpoint must be a path or None; got {self.checkpoint!r}.")
        if not self.deterministic:
            raise ValueError("checkpoint must be None with deterministic=False: without locks there is no moment at "
                             f"which a fit could be saved; got {self.checkpoint!r}.")
        if not isinstance(self.random_state, numbers.Integral):
            raise ValueError("random_state must be an int with checkpoint, so that the fit that goes on is the one "
                             f"that was interrupted; got {self.random_state!r}.")

    def _embed(self, graph: Graph, report: Report) -> NDArray[np.float32]:
        seed, n_jobs = check_seed(self.random_state), check_n_jobs(self.n_jobs)
        corpus, settings = self._course(graph, seed, n_jobs)
        linked = _linked(graph)
        init, contexts = self._start(graph, seed, linked)
        trained = (train if self.trainer == "native" else gensim_train)(corpus, settings, init, contexts)
        if init is None:  # an isolated node is in no pair: its vector is the noise it started with
            trained.vectors[~linked] = 0.0
        if self.ordered:
            axes = principal_axes(trained.vectors)
            trained.vectors, trained.contexts = rotated(trained.vectors, axes), rotated(trained.contexts, axes)
        self.context_ = trained.contexts
        self._visits, self._seed = trained.visits, seed
        report["seconds"].update(trained.report.pop("seconds"))
        report.update(trained.report)
        if not np.isfinite(trained.contexts).all():
            raise FloatingPointError(f"{type(self).__name__} diverged: the context vectors are not finite. Try a "
                                     f"smaller learning_rate than {self.learning_rate}.")
        losses = trained.report.get("loss", ())
        if losses and losses[-1] > DIVERGED * (1 + self.n_negative) * math.log(2):
            warn(report, f"Training diverged: the loss of the last epoch, {losses[-1]:.3g} nats a pair, is above that "
                         f"of the vectors it began with. Try a smaller learning_rate than {self.learning_rate}.")
        if trained.report["stopped"]:
            warn(report, f"A callback stopped the fit after {trained.report['walks']} of {corpus.size} walks.")
        return trained.vectors

    def _course(self, graph: Graph, seed: int, n_jobs: int) -> tuple[Corpus, SkipGram]:
        """What is trained on, and how."""
        return Corpus(self._sampler(graph, seed, n_jobs), int(self.n_walks), int(self.walk_length),
                      int(self.n_epochs), seed), self._settings(seed, n_jobs)

    def _scheme(self, graph: Graph) -> tuple[str, dict[str, Any]]:
        walks = "first-order walks" if self.p == self.q == 1 else \
            f"second-order walks, neighbours tested by {cheapest_arc_test(graph)}"
        if self.trainer == "gensim":
            return f"{walks}; gensim's trainer", {}
        order = "the same bytes at any number of threads" if self.deterministic else "without locks"
        return f"{walks}; native trainer, {order}", {}

    def _table_bytes(self, graph: Graph) -> float:
        """Bytes of the tables that walks are drawn from."""
        arcs, n = len(graph.indices), graph.n_nodes
        tables = 0.0 if graph.weights is None else 20.0 * arcs + 16.0 * n
        if not self.p == self.q == 1:
            kind = cheapest_arc_test(graph)
            tables += {"bitmap": n * -(-n // 8), "hash": 8.0 * arcs, "search": 0.0}[kind] + 16.0 * n
        return tables

    def _forecast(self, X: Any, graph: Graph, max_memory: float | None) -> Estimate:
        """Memory from the sizes of vectors and tables, time from the first moments of training."""
        row = 4 * (-(-self.n_components // LANES) * LANES)
        tables = self._table_bytes(graph)
        # Vectors and context vectors in rows that the kernel takes, and one of them again as it is returned.
        memory = int((2 * row + 4 * self.n_components + 32) * graph.n_nodes + tables + WORKING_BYTES)
        check_memory(memory, max_memory, type(self).__name__,
                     "Lower n_components; trainer='native' needs no more than vectors and tables.")
        model = clone(self).set_params(verbose=0, checkpoint=None)
        # As many walks a node as there is time for; one epoch tells what all take.
        most = PROBE_TOKENS // (graph.n_nodes * self.walk_length)
        n_walks = int(min(self.n_walks, max(1, most // self._walks_at_once) * self._walks_at_once))
        seconds, tokens = training(model.set_params(n_walks=n_walks, n_epochs=1), X,
                                   self.n_walks * self.n_epochs / n_walks)
        return Estimate(memory, seconds, tokens, self._scheme(graph)[0],
                        "sizes of vectors and tables; half a second of training on the graph itself")

    def _update(self, graph: Graph, rows: NDArray[np.int64], report: Report) -> NDArray[np.float32]:
        """Train on a whole new corpus, from the old vectors on."""
        self._resumed = self.vectors_, Embedding(self.nodes_, self.context_)
        try:
            return self._embed(graph, report)
        finally:
            self._resumed = None

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> NDArray[np.float32]:
        """Each new node alone, on walks that begin at it, seeded by its own edges."""
        settings = self._settings(self._seed, 1)
        stride = -(-settings.n_components // 16) * 16
        contexts = aligned_zeros(n_fitted, stride)
        contexts[:, :settings.n_components] = self.context_
        noise = noise_pool(self._visits, settings.ns_exponent, self._seed)
        # Without the arcs back to new nodes a walk, once in the fitted graph, stays there: a new
        # row does not depend on which others are folded in beside it, unless it links to them.
        arcs = enlarged.to_scipy().tocoo()
        onward = (arcs.row >= n_fitted) | (arcs.col < n_fitted)
        sampler = self._fold_in_sampler(Graph.from_edges(
            arcs.row[onward], arcs.col[onward], arcs.data[onward], nodes=range(enlarged.n_nodes), directed=True))
        # sums that float32 need not hold
        strength = enlarged.to_scipy().astype(np.float64).sum(axis=1)
        mean = float(self.graph_.to_scipy().astype(np.float64).sum()) / n_fitted
        vectors = np.empty((enlarged.n_nodes - n_fitted, settings.n_components), np.float32)
        for i, node in enumerate(range(n_fitted, enlarged.n_nodes)):
            # A fit would visit the node this often, in walks that pass it rather than begin at it:
            # those meet it from two sides.
            share = min(strength[node] / mean if mean else 1.0, MOST_FOLD_IN_VISITS)
            visits = self.n_walks * self.n_epochs * (1 + (self.walk_length - 1) * share)
            row = slice(enlarged.indptr[node], enlarged.indptr[node + 1])
            content = hashlib.blake2b(enlarged.indices[row].tobytes(), digest_size=8)
            if enlarged.weights is not None:
                content.update(enlarged.weights[row].tobytes())
            seed = self._seed ^ int.from_bytes(content.digest(), "little")
            vectors[i] = fold_in(sampler, node, seed, int(2 * visits), int(self.walk_length), contexts, noise,
                                 settings)
        return vectors

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        """What makes the walks; methods that differ in nothing else say so here."""
        return WalkSampler(graph, float(self.p), float(self.q), seed, n_jobs, extend=bool(self.extend))

    def _fold_in_sampler(self, onward: Graph) -> Sampler:
        """What makes walks from new nodes, the last rows of a directed graph without arcs back to them."""
        return self._sampler(onward, self._seed, 1)

    def _settings(self, seed: int, n_jobs: int) -> SkipGram:
        return SkipGram(
            n_components=int(self.n_components), window=int(self.window), n_negative=int(self.n_negative),
            learning_rate=float(self.learning_rate), min_learning_rate=float(self.min_learning_rate),
            ns_exponent=float(self.ns_exponent), subsample=float(self.subsample), seed=seed, n_jobs=n_jobs,
            deterministic=bool(self.deterministic), tol=None if self.tol is None else float(self.tol),
            checkpoint=None if self.checkpoint is None else os.fspath(self.checkpoint), verbose=int(self.verbose),
            callbacks=tuple(self.callbacks))

    def _start(self, graph: Graph, seed: int,
               linked: NDArray[np.bool_]) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """`init` as arrays in row order: the vectors, and the context vectors if it is a pair."""
        init = self.init if self._resumed is None else self._resumed
        if init is None:
            return None, None
        vectors, contexts = init if isinstance(init, tuple) and len(init) == 2 else (init, None)
        shape = (graph.n_nodes, int(self.n_components))
        rng = np.random.default_rng(seed)
        noise = ((rng.random(shape, np.float32) - 0.5) / shape[1] * linked[:, None]).astype(np.float32)
        start = _rows(vectors, "init", graph, noise)
        return start, None if contexts is None else _rows(contexts, "init[1]", graph, np.zeros(shape, np.float32))


class EdgeWalkEmbedding(WalkEmbedding):
    """Base of the methods whose walks step along edges by the edges' weights, p and q apart."""

    def _update(self, graph: Graph, rows: NDArray[np.int64], report: Report) -> NDArray[np.float32]:
        """Train on the walks that the change made new; nodes whose transitions did not change stay."""
        n_jobs, stayed = check_n_jobs(self.n_jobs), rows >= 0
        arcs, chances, shares = changed_arcs(self.graph_, graph, rows)
        sampler = WalkSampler(graph, float(self.p), float(self.q), self._seed, n_jobs, extend=bool(self.extend))
        corpus = ChangedCorpus(sampler, int(self.n_walks), int(self.walk_length), int(self.n_epochs), self._seed, arcs,
                               chances)
        vectors, contexts = (np.zeros((graph.n_nodes, self.n_components), np.float32) for _ in range(2))
        start_vectors(vectors, self.n_components, self._seed, None)
        vectors[stayed], contexts[stayed] = self.embedding_[rows[stayed]], self.context_[rows[stayed]]
        trained = retrain(corpus, self._settings(self._seed, n_jobs), shares.astype(np.float32), vectors, contexts)
        trained.vectors[~_linked(graph)] = 0.0
        self.context_, self._visits = trained.contexts, trained.visits
        report["seconds"].update(trained.report.pop("seconds"))
        report.update(trained.report, n_changed=int((shares > 0).sum()))
        return trained.vectors


def _rows(given: Any, name: str, graph: Graph, start: NDArray[np.float32]) -> NDArray[np.float32]:
    """`given` as float32 rows of `graph`; of an Embedding, the nodes it does not have keep their row of `start`."""
    if isinstance(given, Embedding):
        if given.array.shape[1] != start.shape[1]:
            raise ValueError(f"{name} has vectors of {given.array.shape[1]} components; n_components is "
                             f"{start.shape[1]}.")
        array = start.copy()
        for i, label in enumerate(graph.nodes):
            if label in given:
                array[i] = given[label]
    else:
        array = np.asarray(given)
        if array.shape != start.shape or not np.issubdtype(array.dtype, np.floating):
            raise ValueError(f"{name} must be an Embedding or a float array of shape {start.shape}; got "
                             f"{type(given).__name__} of shape {array.shape}, dtype {array.dtype}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has a non-finite value in row {np.argwhere(~np.isfinite(array))[0][0]}.")
    return array.astype(np.float32)


def _linked(graph: Graph) -> NDArray[np.bool_]:
    """Whether a node has an arc out or in."""
    linked = np.diff(graph.indptr) > 0
    linked[graph.indices] = True
    return linked
