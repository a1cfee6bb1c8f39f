"""Skip-gram with negative sampling over a stream of walks: noise, schedule, epochs, trainers."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import math
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _sgns, io
from ._aligned import aligned_zeros
from ._parallel import Progress, Team, Tick, interruptible, map_ordered, ranges
from ._random import stream_key

if TYPE_CHECKING:
    from .walks import Sampler

PART = 20                # positions that one thread trains by itself
PARTS = 4                # of these make a batch, and as many threads can share it
MOST_STEP = 0.8          # largest rate x expected updates of a row in a batch
MOST_DAMPED = 0.1        # largest share of nodes damped for that; a graph with more is small
LARGEST_STEP = 0.53      # largest rate x window: the kernel's own, past which it cuts windows
SPINS = 40_000           # how long a thread with a core of its own looks for the others before it sleeps: 1 ms or so
SECONDS_BETWEEN_SAVES = 60.0
SAVING = 0.05            # largest share of the time spent on saving
FLOPS_PER_BATCH = 1e9    # what a batch costs to train: about 0.1 s without vector instructions
TOKENS_PER_COUNT = 2**20  # walks counted at a time
ROUNDS_COUNTED = 10      # one round leaves the shares of rare nodes noisy enough to cost 0.1 points of F1
STAR = 10                # nodes that predict a star's centre: as many as do on average with a window of 9
GENSIM_LONGEST = 10_000  # gensim cuts sentences here without a word
CHECKPOINT = "graphemb checkpoint 4"  # counted up with what changes the bytes of a fit that goes on
NO_DAMPING = np.empty((2, 0), np.float32)
NO_CHANGES, NO_LISTS = np.empty((0, 0, 0), np.float32), np.empty((0, 0), np.int32)  # in place


@dataclass(frozen=True)
class Corpus:
    """`n_epochs` passes of `n_walks` walks from every node, made when they are asked for.

    Walk ``r * n_nodes + u`` begins at node u; pass r visits the nodes in an order of its own
    (DeepWalk, algorithm 1, line 4). Every epoch has fresh walks.
    """

    sampler: Sampler
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
        ids = self.ids(r, starts)
        walks = np.empty((len(starts), self.walk_length), np.int32)
        return ids, walks, self.sampler.fill(ids, starts, walks)

    def ids(self, r: int, starts: NDArray[np.int32]) -> NDArray[np.int64]:
        """Numbers of the walks of round r from `starts`."""
        return r * self.n_nodes + starts.astype(np.int64)

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
class ChangedCorpus(Corpus):
    """The walks of a corpus that a change of its graph made new.

    Where a node's transition probabilities went from P to P', a step from it was made anew with probability
    ``1 - min(P, P') / P'``, at the arc it took: the maximal coupling of the two. A walk is new if one of its
    steps is; the others are as likely as before, and the vectors have learnt from their like.

    Attributes
    ----------
    arcs : ndarray of shape (k,), dtype=int64
        Rising numbers ``source * n_nodes + target`` of the arcs that became likelier.
    chances : ndarray of shape (k,), dtype=float64
        Of a step along each of them to be new; 1 for an arc that was not there.
    """

    arcs: NDArray[np.int64]
    chances: NDArray[np.float64]

    def batches(self, epochs: range, tokens: int) -> Iterator[tuple[int, int, NDArray[np.int32]]]:
        """As of the whole corpus, places included, with only the first nodes of new walks."""
        rng = np.random.default_rng(stream_key(self.seed, "changed"))
        for r, place, starts in super().batches(epochs, tokens) if len(self.arcs) else ():
            _, walks, _ = self.walks(r, starts)
            at, step = np.nonzero(walks[:, 1:] >= 0)
            keys = walks[at, step].astype(np.int64) * self.n_nodes + walks[at, step + 1]
            arc = np.minimum(np.searchsorted(self.arcs, keys), len(self.arcs) - 1)
            taken = np.flatnonzero(self.arcs[arc] == keys)
            new = taken[rng.random(len(taken)) < self.chances[arc[taken]]]
            if len(new):
                yield r, place, starts[np.unique(at[new])]


@dataclass(frozen=True)
class SkipGram:
    """Settings of the objective and its optimiser; the parameters of `Node2Vec` of the same names.

    With a window of 0 walks are stars: their first node alone is a centre, which the other nodes, `STAR` of them,
    predict.
    """

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
    tied: bool = False
    """One vector a node, in both roles: the kernel is given the same matrix twice."""
    tol: float | None = None
    checkpoint: str | None = None
    verbose: int = 0
    callbacks: Sequence[Callable[[Tick], object]] = ()

    @property
    def inputs(self) -> tuple[int, int]:
        """How many nodes predict a centre: on average, and at most."""
        return (self.window + 1, 2 * self.window) if self.window else (STAR, STAR)


@dataclass
class Trained:
    """Result of a training run.

    Attributes
    ----------
    vectors, contexts : ndarray of shape (n_nodes, n_components), dtype=float32
        Input and output vectors of skip-gram; the embedding is `vectors`. One array where they are tied.
    visits : ndarray of shape (n_nodes,), dtype=int64
        What the noise distribution is made from.
    report : dict
    """

    vectors: NDArray[np.float32]
    contexts: NDArray[np.float32]
    visits: NDArray[np.int64]
    report: dict[str, Any] = field(default_factory=dict)


Batch = tuple[int, int, NDArray[np.int32]]  # round, place of its first walk in the order of training, first nodes


def train(corpus: Corpus, settings: SkipGram, init: NDArray[np.float32] | None = None,
          init_contexts: NDArray[np.float32] | None = None) -> Trained:
    """Train on the corpus with the compiled kernel.

    The centre of each position is predicted from every node of its window; the window's reach is
    uniform in 1 .. window, as in word2vec; the negatives of a position are shared by its window.

    With ``deterministic=True`` the result does not depend on the number of threads. The corpus is cut
    into parts of `PART` positions, and `PARTS` of these make a batch. Each part is trained by one thread,
    window by window, and changes at once the rows that no other part of the batch has, which are most. The
    others it sees as they were before the batch (as an input, it trains a copy); what it changes in them is
    added in the order of the parts once all are done, damped in rows that a batch updates very often
    (`damping`). Where most would be (a small graph), or with a large rate, positions are trained one after
    the other on one thread while the others make walks.

    With False all threads train at once, without locks (Recht et al., "Hogwild!", NIPS 2011), and the
    last bits depend on their timing.

    References
    ----------
    .. [1] Mikolov et al., "Distributed Representations of Words and Phrases and their
       Compositionality", NIPS 2013, section 2.2.
    """
    began = time.perf_counter()
    visits = corpus.visits(settings.n_jobs)
    counted = time.perf_counter()
    d = settings.n_components
    stride = -(-d // _sgns.LANES) * _sgns.LANES
    vectors = aligned_zeros(corpus.n_nodes, stride)
    contexts = vectors if settings.tied else aligned_zeros(corpus.n_nodes, stride)
    start_vectors(vectors, d, settings.seed, init)
    if init_contexts is not None and not settings.tied:
        contexts[:, :d] = init_contexts
    saved = Checkpoint(settings.checkpoint, corpus, settings, init, init_contexts) if settings.checkpoint else None
    course = saved.load(vectors, contexts) if saved else Course()
    damped = damping(visits, settings)
    together = settings.deterministic and damped is not None
    trainer = Trainer(corpus, settings, visits, damped if damped is not None and together else NO_DAMPING,
                      vectors, contexts)
    batches = itertools.islice(corpus.batches(range(corpus.n_epochs), batch_tokens(settings)), course.batches, None)

    def save() -> None:
        if saved:
            saved.save(course, vectors, contexts)

    results: Iterator[NDArray[np.float64]]
    if together:
        results = trainer.together(batches)
    elif settings.deterministic:
        results = map(trainer.learn, map_ordered(trainer.make, batches, settings.n_jobs))
    else:
        results = map_ordered(lambda batch: trainer.learn(trainer.make(batch)), batches, settings.n_jobs)
    with contextlib.closing(results) if isinstance(results, Generator) else contextlib.nullcontext():
        watch(results, course, corpus, settings, save if saved else None)
    report = {
        "trainer": "native",
        "tokens": int(course.totals[0]), "pairs": int(course.totals[1]), "walks": int(course.totals[4]),
        "dead_ends": int(course.totals[5]), "loss": course.losses, "stopped": course.stopped,
        "converged": course.converged,
        "seconds": {"visits": counted - began, "skip-gram": time.perf_counter() - counted},
    }
    if saved and not course.stopped:
        saved.remove()
    trained = np.ascontiguousarray(vectors[:, :d])
    return Trained(trained, trained if settings.tied else np.ascontiguousarray(contexts[:, :d]), visits, report)


def retrain(corpus: ChangedCorpus, settings: SkipGram, shares: NDArray[np.float32], vectors: NDArray[np.float32],
            contexts: NDArray[np.float32]) -> Trained:
    """Train vectors further, on the walks that a change of the graph made new.

    Parameters
    ----------
    corpus : ChangedCorpus
    settings : SkipGram
        `tol` and `checkpoint` are without effect.
    shares : ndarray of shape (n_nodes,), dtype=float32
        What the updates of each node's rows are scaled by, in [0, 1]; rows with 0 stay as they are.
    vectors, contexts : ndarray of shape (n_nodes, n_components), dtype=float32
        To begin with; not changed.

    Returns
    -------
    trained : Trained

    Notes
    -----
    All threads train a batch together, as with ``deterministic=True``, also where `train` would not.
    """
    began = time.perf_counter()
    visits = corpus.visits(settings.n_jobs)
    counted = time.perf_counter()
    n, d = vectors.shape
    stride = -(-d // _sgns.LANES) * _sgns.LANES
    inputs, outputs = (aligned_zeros(n, stride) for _ in range(2))
    inputs[:, :d], outputs[:, :d] = vectors, contexts
    settings = replace(settings, tol=None)
    scale = np.minimum(1.0, MOST_STEP / np.maximum(batch_load(visits, settings), 1e-30)) * shares
    trainer = Trainer(corpus, settings, visits, scale.astype(np.float32), inputs, outputs)
    course = Course()
    with contextlib.closing(trainer.together(corpus.batches(range(corpus.n_epochs), batch_tokens(settings)))) as parts:
        watch(parts, course, corpus, settings)
    new, out = inputs[:, :d].copy(), outputs[:, :d].copy()
    new[shares == 0], out[shares == 0] = vectors[shares == 0], contexts[shares == 0]  # -0.0 included
    report = {"trainer": "native", "tokens": int(course.totals[0]), "pairs": int(course.totals[1]),
              "walks": int(course.totals[4]), "walks_in_all": corpus.size, "stopped": course.stopped,
              "seconds": {"visits": counted - began, "skip-gram": time.perf_counter() - counted}}
    return Trained(new, out, visits, report)


@dataclass
class Course:
    """How far a training run is.

    Attributes
    ----------
    totals, epoch : ndarray of shape (6,)
        Tokens, pairs, pairs whose loss was taken, their loss, walks, dead ends: of the run, and of the
        epoch begun.
    losses : list of float
        Mean loss of each epoch, in nats per pair.
    batches : int
        Results consumed.
    stopped, converged : bool
        Whether a callback, or a plateau of the loss, ended it.
    """

    totals: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))
    epoch: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))
    losses: list[float] = field(default_factory=list)
    batches: int = 0
    stopped: bool = False
    converged: bool = False


def watch(results: Iterator[NDArray[np.float64]], course: Course, corpus: Corpus, settings: SkipGram,
          save: Callable[[], None] | None = None) -> None:
    """Consume the batches' totals, add them to `course`, report progress, save, and stop where asked to."""
    walks_per_epoch = corpus.n_walks * corpus.n_nodes
    progress = Progress("skip-gram", corpus.size * corpus.walk_length, settings.verbose, settings.callbacks,
                        done=course.totals[4] * corpus.walk_length)
    last_save, cost = time.perf_counter(), 0.0
    for part in results:
        course.totals += part
        course.epoch += part
        course.batches += 1
        stop = progress.update(part[4] * corpus.walk_length, epoch=int(course.totals[4] // walks_per_epoch),
                               loss=float(part[3] / part[2]) if part[2] else math.nan)
        if course.epoch[4] == walks_per_epoch or stop:
            whole = course.epoch[4] == walks_per_epoch
            losses = [*course.losses, float(course.epoch[3] / course.epoch[2]) if course.epoch[2] else math.nan]
            if whole:
                course.losses = losses
                course.epoch = np.zeros(6)
                if settings.tol is not None and len(losses) > 1 and not losses[-1] < min(losses[:-1]) - settings.tol:
                    course.converged = True
        done = course.totals[4] == corpus.size or course.converged
        if save and not done and (stop or time.perf_counter() - last_save > max(SECONDS_BETWEEN_SAVES, cost / SAVING)):
            began = time.perf_counter()
            save()
            last_save = time.perf_counter()
            cost = last_save - began
        if course.converged:
            return
        if stop:
            course.losses = losses
            course.stopped = not done
            return


class Trainer:
    """Calls the kernel on batches of walks; yields tokens, pairs, sampled pairs, their loss, walks, dead ends."""

    def __init__(self, corpus: Corpus, settings: SkipGram, visits: NDArray[np.int64], damped: NDArray[np.float32],
                 vectors: NDArray[np.float32], contexts: NDArray[np.float32]) -> None:
        self.corpus, self.settings, self.damped = corpus, settings, damped
        self.vectors, self.contexts = vectors, contexts
        self.keep = keep_thresholds(visits, settings.subsample)
        self.noise = noise_pool(visits, settings.ns_exponent, settings.seed)
        self.key = stream_key(settings.seed, "skip-gram")

    def fill(self, r: int, starts: NDArray[np.int32], walks: NDArray[np.int32]) -> int:
        """Write the walks of round r from `starts`, frequent nodes taken out; return the dead ends."""
        ids = self.corpus.ids(r, starts)
        dead_ends = self.corpus.sampler.fill(ids, starts, walks)
        if len(self.keep):
            _sgns.subsample(walks, ids, self.keep, self.key)
        return dead_ends

    def rates(self, place: int, n: int) -> NDArray[np.float32]:
        """Learning rates of the n walks from `place` on: they fall linearly over all epochs."""
        fall = self.settings.learning_rate - self.settings.min_learning_rate
        done = np.arange(place, place + n) / self.corpus.size
        return (self.settings.learning_rate - fall * done).astype(np.float32)

    def make(self, batch: Batch) -> tuple[Batch, NDArray[np.int32], int]:
        """The walks of a batch."""
        walks = np.empty((len(batch[2]), self.corpus.walk_length), np.int32)
        return batch, walks, self.fill(batch[0], batch[2], walks)

    def learn(self, made: tuple[Batch, NDArray[np.int32], int]) -> NDArray[np.float64]:
        """Train on walks one after the other."""
        (r, place, starts), walks, dead_ends = made
        totals = np.zeros(6)
        train_batch(walks, self.corpus.ids(r, starts), self.rates(place, len(starts)), self.noise, self.settings,
                    self.key, self.vectors, self.contexts, totals)
        totals[4:] = len(starts), dead_ends
        return totals

    def together(self, batches: Iterator[Batch]) -> Generator[NDArray[np.float64], None, None]:
        """Train with all threads at once; the walks of the next batch are made on the way."""
        from joblib import cpu_count

        n_jobs, s = self.settings.n_jobs, self.settings
        rows, listed, floats, nodes = _sgns.scratch_sizes(s.window, s.n_negative, self.corpus.walk_length, PART, n_jobs)
        stride = self.vectors.shape[1]
        changes = aligned_zeros(PARTS * rows, stride).reshape(PARTS, rows, stride)
        lists, meeting = np.empty((PARTS, listed), np.int32), np.empty(_sgns.MEETING, np.int64)
        _sgns.open_meeting(meeting, SPINS if n_jobs <= cpu_count() else 0)
        private = [(aligned_zeros(1, floats).ravel(), aligned_zeros(1, nodes).ravel().view(np.int32))
                   for _ in range(n_jobs)]

        def work(t: int) -> None:
            if coming is not None:
                (r, _, starts), into, _ = coming
                part = slice(len(starts) * t // n_jobs, len(starts) * (t + 1) // n_jobs)
                dead_ends[t] = self.fill(r, starts[part], into[part])
            if present is not None:
                _sgns.train(present[1], ids, rates, self.noise, self.damped, s.window, s.n_negative, 0, False,
                            self.key, max(_sgns.VARIANTS.values()), PART, t, n_jobs, meeting, changes, lists,
                            *private[t], self.vectors, self.contexts, totals)

        present: tuple[Batch, NDArray[np.int32], int] | None = None
        with Team(n_jobs) as team:
            for batch in itertools.chain(batches, [None]):
                coming = batch and (batch, np.empty((len(batch[2]), self.corpus.walk_length), np.int32), 0)
                totals, dead_ends = np.zeros((PARTS, 4)), np.zeros(n_jobs, np.int64)
                if present is not None:
                    (r, place, starts), _, _ = present
                    ids, rates = self.corpus.ids(r, starts), self.rates(place, len(starts))
                team.run(work, lambda: _sgns.leave_meeting(meeting))  # nobody waits for a thread that failed
                if present is not None:
                    yield np.array([*totals.sum(axis=0), len(starts), present[2]])
                present = coming and (*coming[:2], int(dead_ends.sum()))


def train_batch(walks: NDArray[np.int32], ids: NDArray[np.int64], rates: NDArray[np.float32],
                noise: NDArray[np.int32], settings: SkipGram, key: int,
                vectors: NDArray[np.float32], contexts: NDArray[np.float32], totals: NDArray[np.float64], *,
                first_input: int = 0, frozen: bool = False) -> None:
    """Train on walks one after the other, in this thread; adds to ``totals[:4]``."""
    _, _, floats, nodes = _sgns.scratch_sizes(settings.window, settings.n_negative, walks.shape[1], 0, 1)
    _sgns.train(walks, ids, rates, noise, NO_DAMPING, settings.window, settings.n_negative, first_input, frozen,
                key, max(_sgns.VARIANTS.values()), 0, 0, 1, np.empty(0, np.int64), NO_CHANGES, NO_LISTS,
                np.empty(floats, np.float32), np.empty(nodes, np.int32), vectors, contexts, totals[None, :4])


def damping(visits: NDArray[np.int64], settings: SkipGram) -> NDArray[np.float32] | None:
    """What updates in batches are scaled by, (2, n_nodes) for inputs and outputs; None: no batches.

    The parts of a batch do not see what the others change, so a row that they update often would
    overshoot: the rate times the expected number of updates is held to `MOST_STEP`. (2, 0) where
    nothing is damped.
    """
    load = batch_load(visits, settings)
    if settings.learning_rate * (settings.inputs[1] + 1) > LARGEST_STEP:
        return None
    if np.mean((load > MOST_STEP).any(axis=0)) > MOST_DAMPED:
        return None
    if (load <= MOST_STEP).all():
        return NO_DAMPING
    return np.minimum(1.0, MOST_STEP / np.maximum(load, 1e-30)).astype(np.float32)


def batch_load(visits: NDArray[np.int64], settings: SkipGram) -> NDArray[np.float64]:
    """Rate x expected updates in a batch of each row of inputs, outputs: (2, n_nodes); of both where they are tied."""
    p = visits / visits.sum()
    q = np.where(visits > 0, np.maximum(visits, 1) ** float(settings.ns_exponent), 0.0)
    places = settings.learning_rate * settings.inputs[0] * PARTS * PART
    load = np.array([p, p + settings.n_negative * q / q.sum()])
    if settings.tied:
        load[:] = load.sum(axis=0)
    return places * load


class Checkpoint:
    """A file from which an interrupted run goes on.

    Parameters
    ----------
    path : str or path-like
    corpus, settings, init, init_contexts : what the run is made of
        The file of a run of anything else is refused.
    """

    def __init__(self, path: str, corpus: Corpus, settings: SkipGram, init: NDArray[np.float32] | None,
                 init_contexts: NDArray[np.float32] | None) -> None:
        self.path = path
        sampler = corpus.sampler
        names = ("n_components", "window", "n_negative", "learning_rate", "min_learning_rate", "ns_exponent",
                 "subsample", "seed", "tied", "tol")
        started = hashlib.blake2b(digest_size=16)
        for array in (init, init_contexts):
            started.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        self.of = {"graph": sampler.graph.fingerprint,
                   **{name: repr(value) for name, value in sampler.parameters.items()},
                   "n_walks": repr(corpus.n_walks), "walk_length": repr(corpus.walk_length),
                   "n_epochs": repr(corpus.n_epochs), "init": started.hexdigest(),
                   **{name: repr(getattr(settings, name)) for name in names}}

    def save(self, course: Course, vectors: NDArray[np.float32], contexts: NDArray[np.float32]) -> None:
        """Write the file anew, or leave it as it was."""
        io.write_tensors(self.path, {
            "vectors": vectors, "contexts": contexts, "totals": course.totals, "epoch": course.epoch,
            "losses": np.array(course.losses, np.float64), "batches": np.array([course.batches], np.int64),
        }, {"format": CHECKPOINT, **self.of})

    def load(self, vectors: NDArray[np.float32], contexts: NDArray[np.float32]) -> Course:
        """Fill the matrices and return the course from the file, if there is one."""
        if not os.path.exists(self.path):
            return Course()
        tensors, of = io.read_tensors(self.path, mmap=False)
        if of.get("format") != CHECKPOINT:
            raise ValueError(f"checkpoint {self.path!r} is not a checkpoint of this version; name another file.")
        for name, value in self.of.items():
            if of.get(name) != value:
                raise ValueError(f"checkpoint {self.path!r} is of a fit with {name} {of.get(name)}; this one has "
                                 f"{value}. Delete the file to begin anew, or name another.")
        missing = {"vectors", "contexts", "totals", "epoch", "losses", "batches"} - set(tensors)
        if missing or not tensors["vectors"].shape == tensors["contexts"].shape == vectors.shape:
            raise ValueError(f"checkpoint {self.path!r} is corrupt: its arrays are not those of this fit. Delete the "
                             "file to begin anew.")
        vectors[:], contexts[:] = tensors["vectors"], tensors["contexts"]
        return Course(tensors["totals"].copy(), tensors["epoch"].copy(), tensors["losses"].tolist(),
                      int(tensors["batches"][0]))

    def remove(self) -> None:
        """The run is complete."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


def fold_in(sampler: Sampler, node: int, seed: int, n_walks: int, walk_length: int,
            contexts: NDArray[np.float32], noise: NDArray[np.int32], settings: SkipGram) -> NDArray[np.float32]:
    """Train the vector of one new node against frozen context vectors.

    Walks begin at the new node in the enlarged graph; only the pairs (new node, node of the fit)
    teach. A walk is cut where it leaves the window of its first node.

    Parameters
    ----------
    sampler : Sampler
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
    vector = aligned_zeros(1, contexts.shape[1])
    start_vectors(vector, settings.n_components, seed, None)
    fall = settings.learning_rate - settings.min_learning_rate
    for start, stop in ranges(n_walks, max(1, batch_tokens(settings) // length)):
        ids = np.arange(start, stop, dtype=np.int64)
        walks = np.empty((len(ids), length), np.int32)
        sampler.fill(ids, np.full(len(ids), node, np.int32), walks, key=stream_key(seed, "walks"))
        rates = (settings.learning_rate - fall * ids / n_walks).astype(np.float32)
        train_batch(walks, ids, rates, noise, settings, stream_key(seed, "skip-gram"), vector, contexts,
                    np.zeros(4), first_input=node, frozen=True)
    return vector[0, :settings.n_components]


def gensim_train(corpus: Corpus, settings: SkipGram, init: NDArray[np.float32] | None = None,
                 init_contexts: NDArray[np.float32] | None = None) -> Trained:
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
    start_vectors(model.wv.vectors, d, settings.seed, init)
    if init_contexts is not None:
        model.syn1neg[:] = init_contexts
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
    a_token = settings.inputs[0] if settings.window else STAR / (1 + STAR)
    flops = 4.0 * a_token * outputs * max(settings.n_components, _sgns.LANES)
    return max(1, int(FLOPS_PER_BATCH / flops))


def noise_pool(visits: NDArray[np.int64], exponent: float, seed: int) -> NDArray[np.int32]:
    """Shuffled pool of nodes, each in proportion to visits ** exponent, to read negatives from.

    Its size is a power of two, 16 entries a node at least; shares are rounded systematically, so
    that a node with a share below one entry is in the pool with that probability.
    """
    size = 1 << max(16, math.ceil(math.log2(16 * len(visits))))
    rng = np.random.default_rng(stream_key(seed, "noise"))
    seen = np.flatnonzero(visits)
    share = np.zeros(len(visits))
    share[seen] = visits[seen] ** float(exponent)
    ends = np.floor(np.cumsum(share) / share.sum() * size + rng.random()).astype(np.int64)
    ends = np.minimum(ends, size)
    ends[seen[-1]:] = size
    pool = np.repeat(np.arange(len(visits), dtype=np.int32), np.diff(ends, prepend=0))
    interruptible(lambda: rng.shuffle(pool))
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


def start_vectors(vectors: NDArray[np.float32], d: int, seed: int, init: NDArray[np.float32] | None) -> None:
    """Write the first `d` columns: `init`, or uniform in (-1/2d, 1/2d) as in word2vec."""
    if init is None:
        rng = np.random.default_rng(stream_key(seed, "start"))
        for start, stop in ranges(len(vectors), 2**16):
            vectors[start:stop, :d] = (rng.random((stop - start, d), dtype=np.float32) - 0.5) / d
    else:
        vectors[:, :d] = init
