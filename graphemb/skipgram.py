"""Skip-gram with negative sampling over a stream of walks: noise, schedule, epochs, trainers."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _sgns
from ._parallel import Progress, Tick, map_ordered, ranges
from ._random import stream_key

if TYPE_CHECKING:
    from .walks import WalkSampler

FLOPS_PER_BATCH = 1e9    # what a batch costs to train: about 0.1 s without vector instructions
TOKENS_PER_COUNT = 2**20  # walks counted at a time
ROUNDS_COUNTED = 10      # one round leaves the shares of rare nodes noisy enough to cost 0.1 points of F1
GENSIM_LONGEST = 10_000  # gensim cuts sentences here without a word


@dataclass(frozen=True)
class Corpus:
    """`n_epochs` passes of `n_walks` walks from every node, made when they are asked for.

    Walk ``r * n_nodes + u`` begins at node u; pass r visits the nodes in an order of its own
    (DeepWalk, algorithm 1, line 4). Every epoch has fresh walks.
    """

    sampler: WalkSampler
    n_walks: int
    walk_length: int
    n_epochs: int
    seed: int

    @property
    def n_nodes(self) -> int:
        """Nodes of the graph."""
        return self.sampler.graph.n_nodes

    @property
    def size(self) -> int:
        """Walks in all epochs together."""
        return self.n_epochs * self.n_walks * self.n_nodes

    def batches(self, epochs: range, tokens: int) -> Iterator[tuple[int, int, NDArray[np.int32]]]:
        """(round, first place in the order of training, first nodes) of batches of about `tokens` steps."""
        key = stream_key(self.seed, "order")
        for r in range(epochs.start * self.n_walks, epochs.stop * self.n_walks):
            order = np.random.default_rng([key, r]).permutation(self.n_nodes).astype(np.int32)
            for start, stop in ranges(self.n_nodes, max(1, tokens // self.walk_length)):
                yield r, r * self.n_nodes + start, order[start:stop]

    def walks(self, r: int, starts: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32], int]:
        """Numbers and walks of round r from `starts`, and how many reached a dead end."""
        ids = r * self.n_nodes + starts.astype(np.int64)
        walks = np.empty((len(starts), self.walk_length), np.int32)
        return ids, walks, self.sampler.fill(ids, starts, walks)

    def visits(self, n_jobs: int) -> NDArray[np.int64]:
        """How often the first walks from every node (ten at most) visit each node."""
        def count(batch: tuple[int, tuple[int, int]]) -> NDArray[np.int64]:
            _, walks, _ = self.walks(batch[0], np.arange(*batch[1], dtype=np.int32))
            return np.bincount(walks[walks >= 0], minlength=self.n_nodes)

        size = max(1, TOKENS_PER_COUNT // self.walk_length)
        rounds = range(min(self.n_walks, ROUNDS_COUNTED))
        total = np.zeros(self.n_nodes, np.int64)
        for part in map_ordered(count, itertools.product(rounds, ranges(self.n_nodes, size)), n_jobs):
            total += part
        return total


@dataclass(frozen=True)
class SkipGram:
    """Settings of the objective and its optimiser; the parameters of `Node2Vec` of the same names."""

    n_components: int
    window: int
    n_negative: int
    learning_rate: float
    min_learning_rate: float
    ns_exponent: float
    subsample: float
    seed: int
    n_jobs: int = 1
    deterministic: bool = True
    verbose: int = 0
    callbacks: Sequence[Callable[[Tick], object]] = ()


@dataclass
class Trained:
    """Result of a training run.

    Attributes
    ----------
    vectors, contexts : ndarray of shape (n_nodes, n_components), dtype=float32
        Input and output vectors of skip-gram; the embedding is `vectors`.
    visits : ndarray of shape (n_nodes,), dtype=int64
        What the noise distribution is made from.
    report : dict
    """

    vectors: NDArray[np.float32]
    contexts: NDArray[np.float32]
    visits: NDArray[np.int64]
    report: dict[str, Any] = field(default_factory=dict)


def train(corpus: Corpus, settings: SkipGram, init: NDArray[np.float32] | None = None) -> Trained:
    """Train on the corpus with the compiled kernel.

    The centre of each position is predicted from every node of its window; the window's reach is
    uniform in 1 .. window, as in word2vec; the negatives of a position are shared by its window.
    With ``deterministic=True`` the walks are trained in one fixed order on one thread while the
    other threads make walks; with False all threads train at once, without locks (Recht et al.,
    "Hogwild!", NIPS 2011), and the last bits depend on their timing.

    References
    ----------
    .. [1] Mikolov et al., "Distributed Representations of Words and Phrases and their
       Compositionality", NIPS 2013, section 2.2.
    """
    began = time.perf_counter()
    visits = corpus.visits(settings.n_jobs)
    counted = time.perf_counter()
    stride = -(-settings.n_components // _sgns.LANES) * _sgns.LANES
    vectors = start_vectors(corpus.n_nodes, settings.n_components, stride, settings.seed, init)
    contexts = aligned_zeros(corpus.n_nodes, stride)
    noise = noise_pool(visits, settings.ns_exponent, settings.seed)
    keep = keep_thresholds(visits, settings.subsample)
    key = stream_key(settings.seed, "skip-gram")
    fall = settings.learning_rate - settings.min_learning_rate

    def make(batch: tuple[int, int, NDArray[np.int32]]) -> tuple[int, NDArray[np.int64], NDArray[np.int32], int]:
        r, place, starts = batch
        return place, *corpus.walks(r, starts)

    def learn(made: tuple[int, NDArray[np.int64], NDArray[np.int32], int]) -> NDArray[np.float64]:
        place, ids, walks, dead_ends = made
        done = np.arange(place, place + len(ids)) / corpus.size
        rates = (settings.learning_rate - fall * done).astype(np.float32)
        totals = np.zeros(6)
        train_batch(walks, ids, rates, noise, keep, settings, key, vectors, contexts, totals)
        totals[4:] = len(ids), dead_ends
        return totals

    n_jobs = settings.n_jobs
    results: Iterator[NDArray[np.float64]]
    batches = corpus.batches(range(corpus.n_epochs), batch_tokens(settings))
    if settings.deterministic:
        results = map(learn, map_ordered(make, batches, n_jobs))
    else:
        results = map_ordered(lambda batch: learn(make(batch)), batches, n_jobs)
    totals, losses = watch(results, corpus, settings)
    report = {
        "trainer": "native",
        "tokens": int(totals[0]), "pairs": int(totals[1]), "walks": int(totals[4]),
        "dead_ends": int(totals[5]), "loss": losses, "stopped": bool(totals[4] < corpus.size),
        "seconds": {"visits": counted - began, "skip-gram": time.perf_counter() - counted},
    }
    d = settings.n_components
    return Trained(np.ascontiguousarray(vectors[:, :d]), np.ascontiguousarray(contexts[:, :d]), visits, report)


def watch(results: Iterator[NDArray[np.float64]], corpus: Corpus,
          settings: SkipGram) -> tuple[NDArray[np.float64], list[float]]:
    """Consume the batches' totals; report progress; return their sum and the mean loss of each epoch."""
    walks_per_epoch = corpus.n_walks * corpus.n_nodes
    progress = Progress("skip-gram", corpus.size * corpus.walk_length, settings.verbose, settings.callbacks)
    totals, epoch, losses = np.zeros(6), np.zeros(6), []
    for part in results:
        totals += part
        epoch += part
        stop = progress.update(part[4] * corpus.walk_length, epoch=int(totals[4] // walks_per_epoch),
                               loss=float(part[3] / part[2]) if part[2] else math.nan)
        if stop or epoch[4] == walks_per_epoch:
            losses.append(float(epoch[3] / epoch[2]) if epoch[2] else math.nan)
            epoch[:] = 0
        if stop:
            break
    return totals, losses


def train_batch(walks: NDArray[np.int32], ids: NDArray[np.int64], rates: NDArray[np.float32],
                noise: NDArray[np.int32], keep: NDArray[np.uint32], settings: SkipGram, key: int,
                vectors: NDArray[np.float32], contexts: NDArray[np.float32], totals: NDArray[np.float64], *,
                first_input: int = 0, frozen: bool = False) -> None:
    """One call of the kernel, with its scratch memory; adds to ``totals[:4]``."""
    width = -(-(1 + settings.n_negative) // _sgns.TILE) * _sgns.TILE
    reach = min(settings.window, walks.shape[1])
    _sgns.train(walks, ids, rates, noise, keep, settings.window, settings.n_negative, first_input, frozen, key,
                max(_sgns.VARIANTS.values()),
                np.empty((2 * reach + 2) * width + _sgns.LANES, np.float32),
                np.empty(6 * reach + 1 + width + 2 * walks.shape[1], np.int32), vectors, contexts, totals)


def fold_in(sampler: WalkSampler, node: int, seed: int, n_walks: int, walk_length: int,
            contexts: NDArray[np.float32], noise: NDArray[np.int32], settings: SkipGram) -> NDArray[np.float32]:
    """Train the vector of one new node against frozen context vectors.

    Walks begin at the new node in the enlarged graph; only the pairs (new node, node of the fit)
    teach. A walk is cut where it leaves the window of its first node.

    Parameters
    ----------
    sampler : WalkSampler
        Of the enlarged graph, in which the nodes of the fit come first.
    node : int
        Row of the new node, at least ``len(contexts)``.
    seed : int
    n_walks, walk_length : int
        How many walks to train on, and how long those of the fit were.
    contexts : ndarray of shape (n_fitted, stride), dtype=float32
        From `aligned_zeros`; not changed.
    noise : ndarray of int32
        `noise_pool` of the fit.
    settings : SkipGram

    Returns
    -------
    vector : ndarray of shape (n_components,), dtype=float32
    """
    length = min(walk_length, settings.window + 1)
    vector = start_vectors(1, settings.n_components, contexts.shape[1], seed, None)
    fall = settings.learning_rate - settings.min_learning_rate
    keep = np.empty(0, np.uint32)
    for start, stop in ranges(n_walks, max(1, batch_tokens(settings) // length)):
        ids = np.arange(start, stop, dtype=np.int64)
        walks = np.empty((len(ids), length), np.int32)
        sampler.fill(ids, np.full(len(ids), node, np.int32), walks, key=stream_key(seed, "walks"))
        rates = (settings.learning_rate - fall * ids / n_walks).astype(np.float32)
        train_batch(walks, ids, rates, noise, keep, settings, stream_key(seed, "skip-gram"), vector, contexts,
                    np.zeros(4), first_input=node, frozen=True)
    return vector[0, :settings.n_components]


def gensim_train(corpus: Corpus, settings: SkipGram, init: NDArray[np.float32] | None = None) -> Trained:
    """Train on the same walks with gensim's Word2Vec: sg=1, hs=0, min_count=0, nothing hidden.

    `deterministic` holds gensim to one worker, which is what its reproducibility needs.
    """
    from gensim.models import Word2Vec

    if corpus.walk_length > GENSIM_LONGEST:
        raise ValueError(f"walk_length must be <= {GENSIM_LONGEST} with trainer='gensim', which cuts longer "
                         f"sentences silently; got {corpus.walk_length}. Use trainer='native'.")
    began = time.perf_counter()
    visits = corpus.visits(settings.n_jobs)
    counted = time.perf_counter()
    names = np.array([str(u) for u in range(corpus.n_nodes)], dtype=object)
    d = settings.n_components
    model = Word2Vec(
        vector_size=d, window=settings.window, negative=settings.n_negative, ns_exponent=settings.ns_exponent,
        alpha=settings.learning_rate, min_alpha=settings.min_learning_rate, sample=settings.subsample,
        sg=1, hs=0, min_count=0, sorted_vocab=0, seed=settings.seed % 2**32,
        workers=1 if settings.deterministic else settings.n_jobs,
    )
    model.build_vocab_from_freq({name: max(int(c), 1) for name, c in zip(names, visits, strict=True)})
    model.wv.vectors[:] = start_vectors(corpus.n_nodes, d, d, settings.seed, init)
    progress = Progress("skip-gram (gensim)", corpus.size, settings.verbose, settings.callbacks)
    totals = np.zeros(3, np.int64)  # tokens, walks, dead ends
    stopped = False
    failure: BaseException | None = None

    class Sentences:
        """One pass of gensim over this is one epoch."""

        epoch = 0

        def __iter__(self) -> Iterator[list[str]]:
            nonlocal stopped, failure
            epoch, self.epoch = self.epoch, self.epoch + 1
            batches = corpus.batches(range(epoch, epoch + 1), 2**16)
            try:
                for _, walks, dead_ends in map_ordered(lambda b: corpus.walks(b[0], b[2]), batches, settings.n_jobs):
                    if stopped:
                        return
                    lengths = (walks >= 0).sum(axis=1)
                    totals[:] += lengths.sum(), len(walks), dead_ends
                    for walk, length in zip(names[walks], lengths.tolist(), strict=True):
                        yield walk[:length].tolist()
                    stopped = progress.update(len(walks), epoch=epoch)
            except BaseException as error:  # in gensim's thread, where it would end nothing but the thread
                stopped, failure = True, error

    try:
        model.train(Sentences(), total_examples=corpus.n_walks * corpus.n_nodes, epochs=corpus.n_epochs)
    finally:
        stopped_by_callback, stopped = stopped, True  # Ctrl-C ends gensim's threads too
    if failure is not None:
        raise failure
    report = {
        "trainer": "gensim", "tokens": int(totals[0]), "walks": int(totals[1]), "dead_ends": int(totals[2]),
        "stopped": stopped_by_callback,
        "seconds": {"visits": counted - began, "skip-gram": time.perf_counter() - counted},
    }
    return Trained(model.wv.vectors.astype(np.float32), model.syn1neg.astype(np.float32), visits, report)


def batch_tokens(settings: SkipGram) -> int:
    """Steps of walks in a batch: the constant cost `FLOPS_PER_BATCH`, whatever the settings."""
    outputs = -(-(1 + settings.n_negative) // _sgns.TILE) * _sgns.TILE
    flops = 4.0 * (settings.window + 1) * outputs * max(settings.n_components, _sgns.LANES)
    return max(1, int(FLOPS_PER_BATCH / flops))


def noise_pool(visits: NDArray[np.int64], exponent: float, seed: int) -> NDArray[np.int32]:
    """Shuffled pool of nodes, each in proportion to visits ** exponent, to read negatives from.

    Its size is a power of two, 16 entries a node at least; shares are rounded systematically, so
    that a node with a share below one entry is in the pool with that probability.
    """
    n = len(visits)
    size = 1 << max(16, math.ceil(math.log2(16 * n)))
    share = np.zeros(n)
    seen = visits > 0
    share[seen] = visits[seen] ** float(exponent)
    rng = np.random.default_rng(stream_key(seed, "noise"))
    ends = np.floor(np.cumsum(share) / share.sum() * size + rng.random()).astype(np.int64)
    ends = np.minimum(ends, size)
    ends[np.flatnonzero(seen)[-1]:] = size
    pool = np.repeat(np.arange(n, dtype=np.int32), np.diff(ends, prepend=0))
    rng.shuffle(pool)
    return pool


def keep_thresholds(visits: NDArray[np.int64], subsample: float) -> NDArray[np.uint32]:
    """Largest 32-bit coin with which a node stays in the corpus; empty if all stay.

    word2vec's rule: a node of frequency f stays with probability (sqrt(f / t) + 1) * t / f.
    """
    if subsample == 0:
        return np.empty(0, np.uint32)
    ratio = subsample / np.maximum(visits / visits.sum(), 1e-300)
    probability = np.minimum(np.sqrt(ratio) + ratio, 1.0)
    return (probability * (2.0**32 - 1)).astype(np.uint32)


def start_vectors(n: int, d: int, stride: int, seed: int, init: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """(n, stride) float32: `init`, or uniform in (-1/2d, 1/2d) as in word2vec; zeros past column d."""
    vectors = aligned_zeros(n, stride)
    if init is None:
        rng = np.random.default_rng(stream_key(seed, "start"))
        for start, stop in ranges(n, 2**16):
            vectors[start:stop, :d] = (rng.random((stop - start, d), dtype=np.float32) - 0.5) / d
    else:
        vectors[:, :d] = init
    return vectors


def aligned_zeros(n: int, stride: int) -> NDArray[np.float32]:
    """(n, stride) float32 zeros whose rows begin on cache lines."""
    line = 64 // 4
    raw = np.zeros(n * stride + line, np.float32)
    skip = -(raw.ctypes.data // 4) % line
    return raw[skip:skip + n * stride].reshape(n, stride)
