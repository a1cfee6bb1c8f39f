"""Skip-gram: the kernel against its twin, the corpus, the noise, the schedule, the trainers."""

import math
import threading

import networkx as nx
import numpy as np
import pytest
import reference
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from graphemb import DeepWalk, Graph, Node2Vec, _sgns, as_graph, skipgram
from graphemb._aligned import aligned_zeros
from graphemb._parallel import Team
from graphemb.walks import WalkSampler


def settings(**changes):
    values = dict(n_components=20, window=3, n_negative=5, learning_rate=0.1, min_learning_rate=0.001,
                  ns_exponent=0.75, subsample=0.0, seed=7)
    return skipgram.SkipGram(**values | changes)


def corpus(graph, n_walks=3, walk_length=12, n_epochs=1, seed=7, p=1.0, q=1.0):
    return skipgram.Corpus(WalkSampler(as_graph(graph), p, q, seed), n_walks, walk_length, n_epochs, seed)


def blocks(n_blocks=4, size=25, seed=0):
    graph = nx.planted_partition_graph(n_blocks, size, 0.3, 0.01, seed=seed)
    return graph, np.array([u // size for u in graph])  # NetworkX does not sort its nodes


# -- the kernel ---------------------------------------------------------------------------------

def prepared(d, rate, subsample=0.0, n=12, length=25):
    """Arguments of the kernel: walks with and without padding, and matrices of some size."""
    rng = np.random.default_rng(0)
    stride = -(-d // _sgns.LANES) * _sgns.LANES
    walks = rng.integers(0, n, (6, length), dtype=np.int32)
    walks[1, 10:] = -1
    walks[2, 1:] = -1
    ids = np.array([3, 0, 9, 10**9, 17, 4], np.int64)
    if subsample:
        keep = skipgram.keep_thresholds(np.arange(1, n + 1), subsample)
        expected = [reference.subsampled([int(u) for u in walk if u >= 0], i, 99, keep)
                    for walk, i in zip(walks, ids.tolist(), strict=True)]
        before = (walks >= 0).sum()
        _sgns.subsample(walks, ids, keep, 99)
        assert [[int(u) for u in walk if u >= 0] for walk in walks] == expected
        assert 0 < (walks >= 0).sum() < before
    rates = np.linspace(rate, rate / 3, 6).astype(np.float32)
    noise = rng.integers(0, n, 64, dtype=np.int32)
    vectors, contexts = (aligned_zeros(n, stride) for _ in range(2))
    vectors[:, :d] = rng.normal(size=(n, d)) / math.sqrt(d)
    contexts[:, :d] = rng.normal(size=(n, d)) / math.sqrt(d)
    return walks, ids, rates, noise, vectors, contexts


def run_kernel(walks, ids, rates, noise, vectors, contexts, *, window, n_negative, variant=0, part=0, n_parts=3,
               n_threads=1, damping=skipgram.NO_DAMPING):
    """`_sgns.train` on `n_threads` threads; returns the totals."""
    rows, listed, floats, nodes = _sgns.scratch_sizes(window, n_negative, walks.shape[1], part, n_threads)
    n_parts = n_parts if part else 1
    changes, lists = np.empty((n_parts, rows, vectors.shape[1]), np.float32), np.empty((n_parts, listed), np.int32)
    totals, meeting = np.zeros((n_parts, 4)), np.empty(_sgns.MEETING, np.int64)
    _sgns.open_meeting(meeting, 100)
    with Team(n_threads) as team:
        team.run(lambda t: _sgns.train(
            walks, ids, rates, noise, damping, window, n_negative, 0, False, 99, variant, part, t,
            n_threads, meeting, changes, lists, np.empty(floats, np.float32), np.empty(nodes, np.int32), vectors,
            contexts, totals))
    return totals.sum(axis=0)


def agree(totals, tokens, pairs, losses):
    """`losses`: (number, pairs, loss) of all windows, of which one in `SAMPLED` is summed."""
    sampled = [(m, x) for number, m, x in losses if number % _sgns.SAMPLED == 0]
    assert totals[:3].tolist() == [tokens, pairs, sum(m for m, _ in sampled)]
    assert totals[3] == pytest.approx(sum(x for _, x in sampled), rel=2e-3)


@pytest.mark.parametrize("variant", sorted(_sgns.VARIANTS))
@pytest.mark.parametrize("d, window, n_negative, subsample, rate", [
    (16, 3, 5, 0.0, 0.05), (20, 1, 1, 0.0, 0.05), (128, 10, 5, 0.0, 0.025), (33, 40, 5, 0.0, 0.02),
    (7, 4, 12, 0.0, 0.05), (48, 5, 6, 0.02, 0.05), (1, 2, 4, 0.0, 0.05), (24, 4, 5, 0.0, 0.2), (24, 2, 5, 0.0, 0.55),
    (128, 0, 5, 0.0, 0.01), (33, 0, 5, 0.0, 0.05), (20, 0, 12, 0.0, 0.2),  # stars, whole and in pieces
])
def test_kernel_equals_its_twin(variant, d, window, n_negative, subsample, rate):
    walks, ids, rates, noise, vectors, contexts = prepared(d, rate, subsample)
    u, v = vectors[:, :d].astype(float), contexts[:, :d].astype(float)
    tokens = pairs = 0
    losses = []
    for walk, i, r in zip(walks, ids.tolist(), rates.astype(float), strict=True):
        t, p, loss = reference.train_walk(u, v, walk, i, r, noise=noise, window=window, n_negative=n_negative, key=99)
        tokens, pairs = tokens + t, pairs + p
        losses += [(position + i, m, x) for position, m, x in loss]
    totals = run_kernel(walks, ids, rates, noise, vectors, contexts, window=window, n_negative=n_negative,
                        variant=_sgns.VARIANTS[variant])
    np.testing.assert_allclose(vectors[:, :d], u, atol=2e-4)
    np.testing.assert_allclose(contexts[:, :d], v, atol=2e-4)
    assert not vectors[:, d:].any() and not contexts[:, d:].any()
    agree(totals, tokens, pairs, losses)


@pytest.mark.parametrize("variant", sorted(_sgns.VARIANTS))
@pytest.mark.parametrize("n_threads", [1, 2, 3, 5])
@pytest.mark.parametrize("damped", [False, True])
@pytest.mark.parametrize("d, window, n_negative, part, n_parts, rate", [
    (16, 3, 5, 50, 2, 0.02), (20, 1, 1, 60, 3, 0.05), (128, 10, 5, 75, 2, 0.02), (33, 40, 5, 25, 4, 0.005),
    (7, 4, 12, 10, 4, 0.05), (48, 5, 6, 1, 3, 0.02), (24, 2, 5, 8, 5, 0.2),
    (16, 3, 5, 100, 4, 0.02),  # of six walks the last part has two, not four, and the batch two parts
    (128, 0, 5, 4, 2, 0.01), (20, 0, 12, 1, 4, 0.02), (33, 0, 5, 20, 2, 0.2),  # stars; the last visits nodes too often
])
def test_batches_equal_their_twin(variant, n_threads, damped, d, window, n_negative, part, n_parts, rate):
    """Several walks in a part, and parts of a walk."""
    walks, ids, rates, noise, vectors, contexts = prepared(d, rate)
    damping = np.random.default_rng(1).random((2, 12)).astype(np.float32) if damped else skipgram.NO_DAMPING
    if damped:
        damping[:, ::2] = 1.0
    u, v = vectors[:, :d].astype(float), contexts[:, :d].astype(float)
    expected = reference.train_batches(
        u, v, walks, ids.tolist(), rates.astype(float), part=part, n_parts=n_parts, noise=noise, window=window,
        n_negative=n_negative, key=99, damping=damping.astype(float) if damped else None)
    totals = run_kernel(walks, ids, rates, noise, vectors, contexts, window=window, n_negative=n_negative,
                        variant=_sgns.VARIANTS[variant], part=part, n_parts=n_parts, n_threads=n_threads,
                        damping=damping)
    np.testing.assert_allclose(vectors[:, :d], u, atol=2e-4)
    np.testing.assert_allclose(contexts[:, :d], v, atol=2e-4)
    assert not vectors[:, d:].any() and not contexts[:, d:].any()
    agree(totals, *expected)


@pytest.mark.parametrize("variant", sorted(_sgns.VARIANTS))
@pytest.mark.parametrize("damped", [False, True])
@pytest.mark.parametrize("window, length, part", [(5, 50, 25), (3, 8, 16), (0, 9, 3)])
def test_rows_that_no_other_part_has_change_at_once(variant, damped, window, length, part):
    """Many nodes, of which each walk has few: most rows are one part's own, which meets them again."""
    _, _, _, _, vectors, contexts = prepared(16, 0.05, n=400)
    rng = np.random.default_rng(4)
    walks = (100 * (np.arange(12) % 4)[:, None] + rng.integers(0, 30, (12, length))).astype(np.int32)
    walks[::3, 2] = 399  # a node of many parts
    ids, rates = np.arange(12), np.full(12, 0.05, np.float32)
    noise = rng.integers(0, 400, 256, dtype=np.int32)
    damping = np.where(rng.random((2, 400)) < 0.2, 0.5, 1.0).astype(np.float32) if damped else skipgram.NO_DAMPING
    u, v = vectors.astype(float), contexts.astype(float)
    expected = reference.train_batches(u, v, walks, ids.tolist(), rates.astype(float), part=part, n_parts=4,
                                       noise=noise, window=window, n_negative=5, key=99,
                                       damping=damping.astype(float) if damped else None)
    totals = run_kernel(walks, ids, rates, noise, vectors, contexts, window=window, n_negative=5, part=part, n_parts=4,
                        variant=_sgns.VARIANTS[variant], n_threads=2, damping=damping)
    np.testing.assert_allclose(vectors, u, atol=2e-5)
    np.testing.assert_allclose(contexts, v, atol=2e-5)
    agree(totals, *expected)


@pytest.mark.parametrize("shape, frozen, message", [
    ((2, 3, 16), False, "changes must have 350 rows a part, got 3; lists 2 parts, got 2"),
    ((9, 350, 16), False, "changes must be of 8 parts or fewer; got 9"),
    ((2, 350, 16), True, "part must be 0 where contexts are frozen; got 50"),
])
def test_parts_without_room_are_refused(shape, frozen, message):
    walks, ids, rates, noise, vectors, contexts = prepared(16, 0.02)
    with pytest.raises(ValueError, match=message):
        _sgns.train(walks, ids, rates, noise, skipgram.NO_DAMPING, 10, 5, 0, frozen, 99, 0, 50, 0, 1,
                    np.empty(_sgns.MEETING, np.int64), np.empty(shape, np.float32), np.empty((2, 99), np.int32),
                    np.empty(999, np.float32), np.empty(999, np.int32), vectors, contexts, np.zeros((2, 4)))


@pytest.mark.parametrize("variant", sorted(_sgns.VARIANTS))
@pytest.mark.parametrize("part", [0, 2])
@pytest.mark.parametrize("window, length", [(1, 2), (0, 7)])
@pytest.mark.parametrize("n", [12, 400])  # of the many nodes most are in one part alone
def test_tied_vectors_equal_their_twin(variant, part, window, length, n):
    """First-order LINE: pairs of nodes, or stars, and one matrix for both roles. A negative may be an input."""
    rng = np.random.default_rng(2)
    walks, ids = rng.integers(0, n, (300, length), dtype=np.int32), np.arange(300)
    rates, noise = np.full(300, 0.05, np.float32), rng.integers(0, n, 64, dtype=np.int32)
    vectors = aligned_zeros(n, 32)
    vectors[:, :20] = rng.normal(size=(n, 20)) / math.sqrt(20)
    u = vectors[:, :20].astype(float)
    how = {"window": window, "n_negative": 5, "key": 99, "noise": noise}
    if part:
        reference.train_batches(u, u, walks, ids.tolist(), rates.astype(float), part=part, n_parts=3, **how)
    else:
        for walk, i in zip(walks, ids.tolist(), strict=True):
            reference.train_walk(u, u, walk, i, 0.05, **how)
    run_kernel(walks, ids, rates, noise, vectors, vectors, window=window, n_negative=5,
               variant=_sgns.VARIANTS[variant], part=part, n_threads=3 if part else 1)
    np.testing.assert_allclose(vectors[:, :20], u, atol=2e-4)


def test_tied_rows_are_damped_for_both_roles():
    visits = np.array([100, 1, 1, 1])
    apart, tied = (skipgram.batch_load(visits, settings(tied=tied)) for tied in (False, True))
    np.testing.assert_allclose(tied, np.tile(apart.sum(axis=0), (2, 1)))


@pytest.mark.parametrize("variant", sorted(_sgns.VARIANTS))
@pytest.mark.parametrize("d", [20, 128])
def test_batches_are_the_same_bytes_on_any_number_of_threads(variant, d):
    results = []
    for n_threads in (1, 2, 3, 4, 8):
        *given, vectors, contexts = prepared(d, 0.02)
        totals = run_kernel(*given, vectors, contexts, window=4, n_negative=5, part=10,
                            variant=_sgns.VARIANTS[variant], n_threads=n_threads,
                            damping=np.full((2, 12), 0.7, np.float32))
        results.append((vectors.tobytes(), contexts.tobytes(), totals.tolist()))
    assert all(result == results[0] for result in results[1:])


def test_a_batch_of_one_window_is_in_place():
    given = prepared(16, 0.02)
    copies = [a.copy() for a in given[4:]]
    run_kernel(*given, window=3, n_negative=5, part=1, n_parts=1)
    run_kernel(*given[:4], *copies, window=3, n_negative=5)
    for a, b in zip(given[4:], copies, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)  # a change is rounded where it is added


def test_one_step_goes_down_the_gradient():
    """The twin's first step is the rate times the finite-difference gradient of its loss."""
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(5, 6)), rng.normal(size=(5, 6))
    noise = np.array([3, 4, 3, 4], np.int32)  # other nodes than the walk's: every negative teaches
    options = dict(noise=noise, window=1, n_negative=2, key=0)
    walk = [0, 1]
    moved_u, moved_v = u.copy(), v.copy()
    rate = 1e-6
    reference.train_walk(moved_u, moved_v, walk, 0, rate, **options)

    def loss(a, b):
        return sum(x for _, _, x in reference.train_walk(a.copy(), b.copy(), walk, 0, 0.0, **options)[2])

    for matrix, moved, other in ((u, moved_u, False), (v, moved_v, True)):
        gradient = np.zeros_like(matrix)
        for index in np.ndindex(matrix.shape):
            for sign in (1, -1):
                bumped = matrix.copy()
                bumped[index] += sign * 1e-5
                gradient[index] += sign * (loss(u, bumped) if other else loss(bumped, v)) / 2e-5
        assert np.abs(gradient).max() > 0.1
        np.testing.assert_allclose((matrix - moved) / rate, gradient, atol=1e-4)


def test_sigmoid_at_the_ends():
    """Huge scores neither overflow nor teach: their sigma is 0 or 1."""
    for sign in (1, -1):
        vectors, contexts = aligned_zeros(3, 16), aligned_zeros(3, 16)
        vectors[:, 0], contexts[:, 0] = 1e10, sign * 1e10
        skipgram.train_batch(np.array([[0, 1]], np.int32), np.zeros(1, np.int64), np.full(1, 0.1, np.float32),
                             np.full(16, 2, np.int32), settings(n_components=16), 0,
                             vectors, contexts, np.zeros(4))
        assert np.isfinite(vectors).all() and np.isfinite(contexts).all()


@pytest.mark.parametrize("variant", [-1, 3])
def test_unknown_variant_is_refused(variant):
    with pytest.raises(ValueError, match="variant must be one of"):
        run_kernel(*prepared(16, 0.02), window=1, n_negative=1, variant=variant)


# -- corpus, noise, subsampling -----------------------------------------------------------------

@pytest.mark.parametrize("tokens", [1, 50, 10**6])
def test_corpus_visits_every_node_in_every_round(tokens):
    c = corpus(nx.path_graph(10), n_walks=3, walk_length=5, n_epochs=2)
    seen, orders, places = [], {}, []
    for r, place, starts in c.batches(range(2), tokens):
        ids, walks, _ = c.walks(r, starts)
        assert (walks[:, 0] == starts).all() and walks.shape[1] == 5
        orders.setdefault(r, []).extend(starts.tolist())
        seen.extend(ids.tolist())
        places.append((place, len(starts)))
    assert sorted(seen) == list(range(c.size)) and c.size == 60
    assert all(sorted(order) == list(range(10)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == 6
    assert [place for place, _ in places] == np.cumsum([0, *(size for _, size in places[:-1])]).tolist()


def test_walks_of_the_corpus_are_those_of_random_walks():
    from graphemb import random_walks

    graph = nx.karate_club_graph()
    c = corpus(graph, n_walks=2, walk_length=9)
    expected = random_walks(graph, n_walks=2, walk_length=9, random_state=7)
    for r, _, starts in c.batches(range(1), 10**6):
        ids, walks, _ = c.walks(r, starts)
        np.testing.assert_array_equal(walks, expected[ids])


@pytest.mark.parametrize("n_walks, counted", [(3, 3), (12, 10)])
def test_visits_count_the_first_walks_from_every_node(n_walks, counted):
    c = corpus(nx.star_graph(30), n_walks=n_walks, walk_length=21)
    visits = c.visits(1)
    walks = np.concatenate([c.walks(r, np.arange(31, dtype=np.int32))[1] for r in range(counted)])
    np.testing.assert_array_equal(visits, np.bincount(walks.ravel(), minlength=31))
    np.testing.assert_array_equal(c.visits(3), visits)


@pytest.mark.parametrize("exponent", [0.75, 0.0, -0.5, 1.0])
def test_noise_pool_holds_nodes_in_proportion(exponent):
    visits = np.array([100, 10, 1, 0, 1000])
    pool = skipgram.noise_pool(visits, exponent, 0)
    assert len(pool) == 2**16 and pool.dtype == np.int32
    share = np.where(visits > 0, np.maximum(visits, 1) ** exponent, 0.0)
    counts = np.bincount(pool, minlength=5)
    np.testing.assert_allclose(counts, share / share.sum() * len(pool), atol=1.0)
    halves = [np.bincount(half, minlength=5) for half in np.split(pool, 2)]
    np.testing.assert_allclose(halves[0], halves[1], atol=5 * math.sqrt(len(pool)) / 4)  # shuffled
    assert (skipgram.noise_pool(visits, exponent, 1) != pool).any()


def test_noise_pool_of_many_nodes_is_large_enough():
    pool = skipgram.noise_pool(np.ones(10_000, np.int64), 0.75, 0)
    assert len(pool) >= 160_000 and len(pool) & (len(pool) - 1) == 0
    assert np.bincount(pool, minlength=10_000).min() >= 16


@pytest.mark.parametrize(("n", "boundary"), [(10, 64), (9_000, 2**21)])
def test_rows_begin_on_cache_lines_and_large_arrays_on_huge_pages(n, boundary):
    for stride in (16, 128, 144):
        array = aligned_zeros(n * 128 // stride, stride)
        assert array.shape == (n * 128 // stride, stride)
        assert array.ctypes.data % boundary == 0 and array.flags.c_contiguous and not array.any()


def test_keep_thresholds_follow_word2vec():
    visits = np.array([900, 90, 10])
    t = 0.05
    f = visits / 1000
    expected = np.minimum((np.sqrt(f / t) + 1) * t / f, 1)
    np.testing.assert_allclose(skipgram.keep_thresholds(visits, t) / 2**32, expected, rtol=1e-6)
    assert len(skipgram.keep_thresholds(visits, 0.0)) == 0


# -- training -----------------------------------------------------------------------------------

@pytest.mark.parametrize("model", [
    DeepWalk(32, random_state=3), Node2Vec(32, p=0.5, q=2.0, random_state=3),
    DeepWalk(32, walk_length=400, n_walks=1, subsample=0.001, random_state=3),
])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("size", [25, 200])
def test_same_bytes_for_any_number_of_threads(model, weighted, size, monkeypatch):
    """A small graph is trained in order, a larger one in batches."""
    monkeypatch.setattr(skipgram, "FLOPS_PER_BATCH", 1e8)
    together = []
    original = skipgram.Trainer.together
    monkeypatch.setattr(skipgram.Trainer, "together", lambda *a: together.append(1) or original(*a))
    model, (graph, _) = clone(model).set_params(n_walks=2), blocks(size=size)
    if weighted:
        nx.set_edge_attributes(graph, {e: 1 + sum(e) % 5 for e in graph.edges}, "weight")
    expected = model.set_params(n_jobs=1).fit(graph)
    contexts, report, expected = model.context_, model.fit_report_, model.embedding_
    for n_jobs in (1, 2, 3, 4, 8):
        model.set_params(n_jobs=n_jobs).fit(graph)
        assert model.embedding_.tobytes() == expected.tobytes()
        assert model.context_.tobytes() == contexts.tobytes()
        assert model.fit_report_["loss"] == report["loss"]
        assert model.fit_report_["pairs"] == report["pairs"]
    assert len(together) == (6 if size == 200 else 0)
    assert (model.set_params(random_state=4).fit_transform(graph) != expected).all(axis=1).all()


@pytest.mark.parametrize("options", [
    {}, {"n_jobs": 2, "deterministic": False}, {"trainer": "gensim"}, {"n_negative": 12},
    {"window": 3, "n_negative": 2}, {"subsample": 0.01}, {"n_components": 20},
])
def test_known_communities_are_found(options):
    graph, y = blocks()
    model = DeepWalk(**{"n_components": 32, "n_walks": 20, "random_state": 0} | options).fit(graph)
    score = cross_val_score(LogisticRegression(max_iter=1000), model.embedding_, y, cv=5).mean()
    assert score > 0.9  # chance is 0.25
    assert model.fit_report_["tokens"] <= 100 * 20 * 80
    if not options.get("subsample"):
        assert model.fit_report_["tokens"] == 100 * 20 * 80


def test_loss_falls_and_is_per_pair():
    graph, _ = blocks()
    losses = DeepWalk(32, n_walks=2, n_epochs=4, random_state=0).fit(graph).fit_report_["loss"]
    assert len(losses) == 4
    assert losses[0] < 6 * math.log(2)  # where training begins: six coins
    assert losses[3] < losses[0]
    assert losses[3] > 0.5


def test_the_rate_falls_linearly(monkeypatch):
    rates, places = [], []

    def record(walks, ids, rate, *rest, **options):
        rates.extend(rate.tolist())
        places.extend(ids.tolist())

    monkeypatch.setattr(skipgram, "train_batch", record)
    c = corpus(nx.path_graph(10), n_walks=4, walk_length=5, n_epochs=2)
    skipgram.train(c, settings(learning_rate=0.5, min_learning_rate=0.1))
    np.testing.assert_allclose(rates, 0.5 - 0.4 * np.arange(80) / 80, rtol=1e-6)
    assert sorted(places) == list(range(80))


def test_report_counts_what_was_trained():
    graph = nx.DiGraph([(0, 1), (1, 2)])
    report = DeepWalk(8, n_walks=2, walk_length=5, window=1, random_state=0).fit(graph).fit_report_
    assert report["tokens"] == 2 * (3 + 2 + 1)
    assert report["pairs"] == 2 * (4 + 2)
    assert report["walks"] == 6
    assert report["dead_ends"] == 6
    assert report["trainer"] == "native" and not report["stopped"]
    assert {"graph", "visits", "skip-gram", "total"} <= set(report["seconds"])


@pytest.mark.parametrize("trainer", ["native", "gensim"])
def test_callbacks_hear_and_stop(trainer):
    ticks = []
    graph, _ = blocks()
    model = DeepWalk(8, n_walks=2, trainer=trainer, callbacks=[ticks.append], random_state=0).fit(graph)
    assert ticks[-1].fraction == 1.0 and ticks[-1].rate > 0 and ticks[-1].seconds_left == 0
    if trainer == "native":
        assert 0 < ticks[-1].loss < 10
    assert not model.fit_report_["stopped"]


def test_a_callback_can_keep_a_partial_model(monkeypatch):
    monkeypatch.setattr(skipgram, "FLOPS_PER_BATCH", 1e6)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0.0)
    graph, _ = blocks()
    model = DeepWalk(8, random_state=0, callbacks=[lambda tick: tick.fraction > 0.5])
    with pytest.warns(UserWarning, match="A callback stopped the fit after .* of 1000 walks"):
        model.fit(graph)
    assert model.fit_report_["stopped"]
    assert 500 <= model.fit_report_["walks"] < 700
    assert np.isfinite(model.embedding_).all()


@pytest.mark.parametrize("options", [{}, {"n_jobs": 2}, {"n_jobs": 2, "deterministic": False}, {"trainer": "gensim"}])
def test_an_interrupt_in_a_callback_ends_the_fit(options):
    def interrupt(tick):
        raise KeyboardInterrupt

    model = DeepWalk(8, n_walks=2, callbacks=[interrupt], **options)
    with pytest.raises(KeyboardInterrupt):
        model.fit(nx.karate_club_graph())
    assert not hasattr(model, "embedding_")


def test_a_thread_that_fails_does_not_leave_the_others_waiting(monkeypatch):
    """It fails while they train on the walks of the batch before."""
    monkeypatch.setattr(skipgram, "FLOPS_PER_BATCH", 1e8)
    graph, _ = blocks(size=200)
    calls = []
    original = skipgram.Trainer.fill

    def fill(*arguments):
        if threading.current_thread() is not threading.main_thread():
            calls.append(1)
            if len(calls) == 8:
                raise MemoryError("no room")
        return original(*arguments)

    monkeypatch.setattr(skipgram.Trainer, "fill", fill)
    with pytest.raises(MemoryError, match="no room"):
        DeepWalk(8, n_jobs=3, random_state=0).fit(graph)
    assert len(calls) <= 9


def test_an_epoch_that_brings_too_little_is_the_last():
    graph, _ = blocks()
    model = DeepWalk(16, n_walks=2, n_epochs=6, random_state=1)
    losses = model.fit(graph).fit_report_["loss"]
    falls = -np.diff(losses)
    assert len(losses) == 6 and not model.fit_report_["converged"] and falls[0] > falls[1] > 0
    model.set_params(tol=(falls[0] + falls[1]) / 2).fit(graph)
    assert model.fit_report_["loss"] == losses[:3]
    assert model.fit_report_["converged"] and not model.fit_report_["stopped"]
    assert model.fit_report_["walks"] == 3 * 2 * 100


def test_a_pair_as_init_goes_on_from_a_model():
    graph, _ = blocks()
    first = DeepWalk(16, n_walks=5, n_epochs=1, random_state=0).fit(graph)
    more = DeepWalk(16, n_walks=5, random_state=1, init=(first.embedding_, first.context_))
    still = clone(more).set_params(learning_rate=1e-30, min_learning_rate=0.0).fit(graph)
    np.testing.assert_array_equal(still.embedding_, first.embedding_)
    np.testing.assert_array_equal(still.context_, first.context_)
    assert more.fit(graph).fit_report_["loss"][0] < first.fit_report_["loss"][0] - 0.05
    with pytest.raises(ValueError, match=r"init\[1\] must be an Embedding or a float array of shape \(100, 16\)"):
        more.set_params(init=(first.embedding_, first.context_[:5])).fit(graph)


@pytest.mark.parametrize("size", [25, 200])
@pytest.mark.parametrize("ended_by", [True, KeyboardInterrupt])
def test_an_interrupted_fit_goes_on_from_its_checkpoint(tmp_path, monkeypatch, size, ended_by):
    """And ends with the same bytes, on another number of threads."""
    monkeypatch.setattr(skipgram, "FLOPS_PER_BATCH", 1e7)
    monkeypatch.setattr(skipgram, "SECONDS_BETWEEN_SAVES", 0.0)
    monkeypatch.setattr(skipgram, "SAVING", math.inf)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0.0)
    graph, _ = blocks(size=size)
    path = tmp_path / "fit.safetensors"
    model = DeepWalk(20, n_walks=2, walk_length=20, n_epochs=3, random_state=5)
    expected = clone(model).fit(graph)
    ticks = []

    def end(tick):
        ticks.append(tick.fraction)
        if tick.fraction > 0.6:
            if ended_by is not True:
                raise ended_by
            return True
        return False

    interrupted = clone(model).set_params(checkpoint=path, callbacks=(end,), n_jobs=2)
    if ended_by is True:
        with pytest.warns(UserWarning, match="A callback stopped the fit"):
            interrupted.fit(graph)
    else:
        with pytest.raises(KeyboardInterrupt):
            interrupted.fit(graph)
    assert 0.6 < ticks[-1] < 1 and path.exists()
    begun = []
    model.set_params(checkpoint=path, callbacks=(lambda tick: begun.append(tick.fraction),)).fit(graph)
    assert begun[0] > 0.5  # a fit from the beginning ticks first at 0.16 at most
    assert model.embedding_.tobytes() == expected.embedding_.tobytes()
    assert model.context_.tobytes() == expected.context_.tobytes()
    for name in ("loss", "tokens", "pairs", "walks", "stopped"):
        assert model.fit_report_[name] == expected.fit_report_[name]
    assert not path.exists()


def test_a_foreign_checkpoint_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(skipgram, "FLOPS_PER_BATCH", 1e6)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0.0)
    graph, _ = blocks()
    path = tmp_path / "fit.safetensors"
    model = DeepWalk(8, n_walks=2, random_state=5, checkpoint=path)
    with pytest.warns(UserWarning, match="A callback stopped"):
        clone(model).set_params(callbacks=(lambda tick: True,)).fit(graph)
    content = path.read_bytes()
    for changed, name in (({"window": 9}, "window 10; this one has 9"), ({"random_state": 6}, "seed 5"),
                          ({"init": np.zeros((100, 8))}, "init")):
        with pytest.raises(ValueError, match=f"is of a fit with {name}.* Delete the file"):
            clone(model).set_params(**changed).fit(graph)
    with pytest.raises(ValueError, match="is of a fit with graph"):
        clone(model).fit(nx.path_graph(100))
    assert path.read_bytes() == content
    monkeypatch.setattr(skipgram, "CHECKPOINT", skipgram.CHECKPOINT + "0")
    with pytest.raises(ValueError, match="is not a checkpoint of this version"):
        clone(model).fit(graph)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError):
        model.fit(graph)


@pytest.mark.parametrize("changed, name", [({"extend": True}, "extend False; this one has True"), ({"p": 2.0}, "p 1.0"),
                                           ({"q": 2.0}, "q 4.0")])
def test_a_checkpoint_of_other_walks_is_refused(tmp_path, monkeypatch, changed, name):
    monkeypatch.setattr(skipgram, "FLOPS_PER_BATCH", 1e6)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0.0)
    graph = nx.karate_club_graph()  # weighted
    model = Node2Vec(8, q=4.0, n_walks=2, random_state=5, checkpoint=tmp_path / "fit.safetensors")
    with pytest.warns(UserWarning, match="A callback stopped"):
        clone(model).set_params(callbacks=(lambda tick: True,)).fit(graph)
    with pytest.raises(ValueError, match=f"is of a fit with {name}"):
        clone(model).set_params(**changed).fit(graph)


def test_verbose_writes_a_line(capsys):
    DeepWalk(8, verbose=1, random_state=0).fit(nx.karate_club_graph())
    out, err = capsys.readouterr()
    assert out == "" and "skip-gram: 100%" in err and "loss" in err and err.endswith("\n")
    DeepWalk(8, random_state=0).fit(nx.karate_club_graph())
    assert capsys.readouterr() == ("", "")


def test_gensim_is_told_everything(monkeypatch):
    import gensim.models

    told = {}

    class Spy(gensim.models.Word2Vec):
        def __init__(self, *args, **kwargs):
            told.update(kwargs)
            super().__init__(*args, **kwargs)

        def train(self, sentences, **kwargs):
            told["sentences"] = [list(sentences) for _ in range(kwargs["epochs"])]

    monkeypatch.setattr(gensim.models, "Word2Vec", Spy)
    graph = nx.path_graph(6)
    DeepWalk(8, n_walks=2, walk_length=7, n_epochs=2, window=3, n_negative=4, ns_exponent=0.5, subsample=0.125,
             learning_rate=0.2, min_learning_rate=0.1, trainer="gensim", random_state=7).fit(graph)
    expected = dict(sg=1, hs=0, min_count=0, sample=0.125, vector_size=8, window=3, negative=4, ns_exponent=0.5,
                    alpha=0.2, min_alpha=0.1, workers=1, sorted_vocab=0)
    assert {k: told[k] for k in expected} == expected
    c = corpus(graph, n_walks=2, walk_length=7, n_epochs=2)
    for epoch, sentences in enumerate(told["sentences"]):
        walks = [c.walks(r, s)[1] for r, _, s in c.batches(range(epoch, epoch + 1), 10**6)]
        assert sentences == [[str(u) for u in walk] for walk in np.concatenate(walks).tolist()]


def test_gensim_would_cut_long_walks():
    with pytest.raises(ValueError, match="walk_length must be <= 10000 with trainer='gensim'"):
        DeepWalk(trainer="gensim", walk_length=10_001).fit(nx.path_graph(3))


@pytest.mark.parametrize("options, message", [
    ({"checkpoint": "a", "deterministic": False, "random_state": 0},
     "checkpoint must be None with deterministic=False"),
    ({"checkpoint": "a"}, "random_state must be an int with checkpoint"),
    ({"checkpoint": "a", "random_state": 0, "trainer": "gensim"}, "checkpoint must be None with trainer='gensim'"),
    ({"tol": 0.1, "trainer": "gensim"}, "tol must be None with trainer='gensim'; got 0.1"),
])
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DeepWalk(**options).fit(nx.path_graph(4))


@pytest.mark.parametrize("trainer", ["native", "gensim"])
def test_init_is_where_training_starts(trainer):
    graph = nx.complete_graph(20)
    still = dict(n_components=6, learning_rate=1e-30, min_learning_rate=0.0, trainer=trainer, random_state=0)
    init = np.random.default_rng(0).normal(size=(20, 6))
    np.testing.assert_allclose(DeepWalk(init=init, **still).fit_transform(graph), init, rtol=1e-6)
    known = DeepWalk(init=init[:5], **still).fit(nx.path_graph(5)).vectors_
    started = DeepWalk(init=known, **still).fit_transform(graph)
    np.testing.assert_allclose(started[:5], init[:5], rtol=1e-6)
    assert np.abs(started[5:]).max() < 1 / 6


@pytest.mark.parametrize("init, message", [
    (np.zeros((3, 8)), r"init must be an Embedding or a float array of shape \(5, 8\); got ndarray of shape \(3, 8\)"),
    (np.zeros((5, 8), int), "dtype int"),
    (np.full((5, 8), np.nan), "init has a non-finite value in row 0"),
    ("random", "init must be an Embedding or a float array"),
])
def test_bad_init_is_named(init, message):
    with pytest.raises(ValueError, match=message):
        DeepWalk(8, init=init).fit(nx.path_graph(5))


def test_extend_reaches_the_walks():
    graph, _ = blocks()
    nx.set_edge_attributes(graph, {e: 1 + sum(e) % 5 for e in graph.edges}, "weight")
    options = dict(n_components=8, q=4.0, random_state=0)
    assert (Node2Vec(extend=True, **options).fit_transform(graph) != Node2Vec(**options).fit_transform(graph)).any()


def test_isolated_nodes_get_zeros():
    graph = nx.disjoint_union(nx.complete_graph(5), nx.empty_graph(2))
    Z = DeepWalk(8, random_state=0).fit_transform(graph)
    assert not Z[5:].any() and Z[:5].any(axis=1).all()
    sink = nx.DiGraph([(0, 1)])
    sink.add_node(2)
    Z = DeepWalk(8, random_state=0).fit_transform(sink)
    assert Z[:2].any(axis=1).all() and not Z[2].any()


def hub(leaves, more_edges):
    """A star, with random edges between its leaves."""
    ends = np.random.default_rng(0).integers(1, leaves + 1, (2, more_edges))
    ends = ends[:, ends[0] != ends[1]]
    return Graph.from_edges(np.concatenate([np.zeros(leaves, int), ends[0]]),
                            np.concatenate([np.arange(1, leaves + 1), ends[1]]), nodes=range(leaves + 1))


@pytest.mark.parametrize("deterministic, n_jobs", [(True, 1), (True, 2), (False, 2)])
@pytest.mark.parametrize("leaves, more_edges, options", [
    (100_000, 0, {"walk_length": 8}),               # half of all tokens are one node
    (20_000, 20_000, {"walk_length": 40}),          # 40 % are, beside pairs that stand apart from it
    (20_000, 20_000, {"learning_rate": 0.2}),       # past LARGEST_STEP
])
def test_a_hub_stays_bounded(deterministic, n_jobs, leaves, more_edges, options):
    model = DeepWalk(**{"n_components": 16, "n_walks": 1, "window": 5, "walk_length": 20, "n_jobs": n_jobs,
                        "deterministic": deterministic, "random_state": 0} | options)
    Z = model.fit_transform(hub(leaves, more_edges))
    assert Z.shape == (leaves + 1, 16)
    assert np.linalg.norm(Z, axis=1).max() < 20
    assert np.linalg.norm(model.context_, axis=1).max() < 20


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_walks_that_turn_on_the_spot_stay_bounded(n_jobs):
    """Self-loops and pairs that stand apart: such a walk visits one node at each place, or each second."""
    n = 600
    u, v = np.random.default_rng(0).integers(0, n, (2, 5 * n))
    apart = np.arange(n, n + 60)
    graph = Graph.from_edges(np.concatenate([u, apart, apart[::3]]), np.concatenate([v, apart, apart[::3] + 1]))
    model = DeepWalk(32, walk_length=160, n_walks=20, n_jobs=n_jobs, random_state=0)
    assert skipgram.damping(np.bincount(graph.indices), settings(learning_rate=0.025, window=10)) is not None
    Z = model.fit_transform(graph)
    assert np.linalg.norm(Z, axis=1).max() < 20
    assert np.linalg.norm(model.context_, axis=1).max() < 20


def test_hubs_are_damped_and_small_graphs_are_not_cut_into_batches():
    many = np.full(10_000, 100)
    assert skipgram.damping(many, settings(learning_rate=0.025, window=10)).shape == (2, 0)
    many[7] = 500_000
    damped = skipgram.damping(many, settings(learning_rate=0.025, window=10))
    p = many / many.sum()
    q = many**0.75 / (many**0.75).sum()
    expected = 0.8 / (0.025 * 11 * skipgram.PARTS * skipgram.PART * np.array([p[7], p[7] + 5 * q[7]]))
    np.testing.assert_allclose(damped[:, 7], expected, rtol=1e-5)
    assert (np.delete(damped, 7, axis=1) == 1).all()
    assert skipgram.damping(np.full(100, 100), settings(learning_rate=0.025, window=10)) is None
    assert skipgram.damping(many, settings(learning_rate=0.026, window=10)) is None


# -- new nodes ----------------------------------------------------------------------------------

def test_new_nodes_land_where_they_belong():
    """Hide a tenth of a four-block graph; classify it by a model of the rest. Twice, the same."""
    graph, y = blocks(4, 40)
    hidden = np.arange(160) % 10 == 0
    nodes = np.array(list(graph))
    model = DeepWalk(32, n_walks=20, random_state=0).fit(graph.subgraph(nodes[~hidden].tolist()))
    Z = model.transform(graph)
    row = {u: i for i, u in enumerate(graph)}
    np.testing.assert_array_equal(Z[[row[u] for u in model.nodes_]], model.embedding_)
    classifier = LogisticRegression(max_iter=1000).fit(Z[~hidden], y[~hidden])
    assert classifier.score(Z[hidden], y[hidden]) >= 0.9
    length = np.linalg.norm(Z, axis=1)
    assert 0.6 < length[hidden].mean() / length[~hidden].mean() < 1.6  # the same scale as a fit
    np.testing.assert_array_equal(model.transform(graph), Z)


def test_a_new_row_does_not_depend_on_the_others():
    graph, _ = blocks()
    A = nx.to_numpy_array(graph)
    model = Node2Vec(16, p=0.5, q=2.0, random_state=0).fit(A)
    new = np.zeros((3, 100))
    new[0, [0, 1, 2]] = new[1, [30, 31]] = new[2, [80, 3]] = 1
    Z = model.transform(new)
    np.testing.assert_array_equal(model.transform(new[::-1])[::-1], Z)
    np.testing.assert_array_equal(model.transform(np.vstack([A[5], new[1]])), [model.embedding_[5], Z[1]])


@pytest.mark.parametrize("name, value, error", [
    ("n_components", 0, ValueError), ("n_components", 2.0, TypeError), ("window", 0, ValueError),
    ("window", 2**31, ValueError), ("n_negative", 0, ValueError), ("n_epochs", 0, ValueError),
    ("learning_rate", 0.0, ValueError), ("learning_rate", float("nan"), ValueError),
    ("min_learning_rate", 0.1, ValueError), ("min_learning_rate", -1.0, ValueError),
    ("ns_exponent", float("inf"), ValueError), ("subsample", -0.1, ValueError), ("subsample", 2, ValueError),
    ("trainer", "word2vec", ValueError), ("deterministic", 1, TypeError),
    ("extend", 1, TypeError), ("deterministic", "yes", TypeError),
    ("walk_length", 0, ValueError), ("n_walks", -1, ValueError), ("p", 0.0, ValueError), ("q", None, TypeError),
    ("tol", -1.0, ValueError), ("tol", "no", TypeError), ("checkpoint", 3, TypeError),
    ("random_state", -1, ValueError), ("n_jobs", 0, ValueError), ("callbacks", [1], TypeError),
])
def test_bad_parameters_are_named(name, value, error):
    model = Node2Vec(**{name: value})  # nothing is checked before fit
    with pytest.raises(error, match=f"{name} must be"):
        model.fit(nx.path_graph(4))
