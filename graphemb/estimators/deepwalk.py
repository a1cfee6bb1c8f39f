"""DeepWalk: skip-gram on uniform random walks."""

from __future__ import annotations

from graphemb.estimators._walk_based import EdgeWalkEmbedding


class DeepWalk(EdgeWalkEmbedding):
    """DeepWalk: skip-gram with negative sampling on uniform (or weighted) random walks.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors.
    walk_length : int, default=80
        Nodes in a walk, the start included; in [1, 2**20].
    n_walks : int, default=10
        Walks from each node, in each epoch.
    window : int, default=10
        Two nodes of a walk are a pair if at most this many steps apart; as in word2vec the reach
        is drawn uniformly from 1 .. window at each position.
    n_negative : int, default=5
        Noise nodes drawn for a position and shared by the pairs of its window; in [1, 1000].
    n_epochs : int, default=1
        Passes; each has fresh walks.
    learning_rate, min_learning_rate : float, default=0.025, 1e-4
        The step falls linearly from the one to the other.
    ns_exponent : float, default=0.75
        Noise nodes are drawn in proportion to (visits by walks) ** ns_exponent.
    subsample : float, default=0.0
        word2vec's threshold t: a node with frequency f stays in a walk with probability
        ``sqrt(t / f) + t / f``. 0 keeps all.
    trainer : {"native", "gensim"}, default="native"
        gensim's Word2Vec runs on the same walks, with ``sg=1, hs=0, min_count=0`` and the
        parameters given here.
    deterministic : bool, default=True
        Same seed, same vectors, byte for byte, for any `n_jobs`, on machines with the same vector
        instructions. False lets the threads train at once without locks, about a fifth faster with
        two, and no two runs are alike.
    init : Embedding or array-like of shape (n_nodes, n_components), or a pair of them, default=None
        Vectors to start from; nodes that an Embedding does not have start at random, as all do
        with None. A pair ``(model.embedding_, model.context_)`` goes on from a trained model, which adds
        epochs to it: give them another `random_state`, and a `learning_rate` to begin again from.
    tol : float or None, default=None
        End training after an epoch whose mean loss is not more than `tol` nats per pair below the least
        before it. The learning rate falls over all `n_epochs` nevertheless. None: no such end.
    checkpoint : path or None, default=None
        Keep this file up to date, about once a minute, and when a callback ends the training. If it
        exists, `fit` goes on from it and ends with the bytes of an uninterrupted fit; when training is
        complete the file is removed. The file of another graph or of other parameters is refused. Needs an
        int as `random_state`.
    ordered : bool, default=False
        Rotate `embedding_` and `context_` alike, in the end, so that the first k columns are the best k-dimensional
        vectors, for every k: one fit serves every dimension up to `n_components`. No inner product changes. An
        option, because bytes then hang on the BLAS too.
    n_jobs : int, default=None
        Threads; None is 1 (or what a joblib context says), -1 all cores.
    random_state : int, Generator, RandomState or None, default=None
    verbose : int, default=0
        1 shows progress on stderr.
    callbacks : sequence of callables, default=()
        Each is called with a `Tick` about ten times a second; one that returns True ends the
        training, and the vectors so far are kept.
    weight : str or None, default="weight"
        Edge attribute of a NetworkX graph to read weights from; None ignores weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Row i is the vector of ``nodes_[i]``; an isolated node has a vector of zeros.
    context_ : ndarray of shape (n_nodes, n_components), dtype=float32
        The output vectors of skip-gram: ``embedding_[u] @ context_[v]`` scores v near u.
    nodes_ : sequence of node labels, by row
    vectors_ : Embedding
        Lookup by label.
    graph_ : Graph
    n_features_in_ : int
        Number of nodes.
    fit_report_ : dict
        Seconds by stage, tokens, pairs, loss by epoch (mean over pairs, nats; native trainer),
        dead ends, whether a callback (`stopped`) or `tol` (`converged`) ended the training,
        warnings.

    Raises
    ------
    TypeError, ValueError
        In `fit`, if a parameter or the graph is not acceptable.

    Notes
    -----
    The paper trains with hierarchical softmax; negative sampling is what its successors and all
    libraries use. gensim's own defaults differ from these: `sg=0` (CBOW), `window=5`,
    `min_count=5`, `sample=1e-3`, `epochs=5`.

    Threads share a batch of 160 positions: each takes the errors of some of them, then each updates some
    columns of the vectors, 16 at least; more than n_components / 16 threads wait for each other half of
    the time. On small graphs (below about 300 nodes) and with large rates (learning_rate * (2 * window + 1)
    > 0.53) one thread trains position by position, and the others make walks.

    New nodes given to `transform` are trained alone, on walks that begin at them, against the
    frozen `context_`.

    `partial_fit` takes the walks of the corpus, in the graph as it is now, that the change made new: those with a step
    made anew, which a step along an arc is with probability ``1 - P / P'``, P and P' the arc's probabilities
    before and now (of a first-order walk; 1 for a new arc). The others are as likely as they were, and the vectors
    have learnt from their like. It trains on these walks (with the native trainer) from the old vectors on, at the
    rates of `fit`, and a node's rows learn by as much as its transitions changed: in whole if it is new, not
    at all if its edges are as before. What nodes two steps from a change would learn is left out; after large
    changes `fit` is the better choice.

    References
    ----------
    .. [1] Perozzi, Al-Rfou, Skiena, "DeepWalk: Online Learning of Social Representations",
       KDD 2014, algorithms 1 and 2.
    .. [2] Mikolov et al., "Distributed Representations of Words and Phrases and their
       Compositionality", NIPS 2013, section 2.2.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import DeepWalk
    >>> G = nx.karate_club_graph()
    >>> model = DeepWalk(n_components=16, random_state=0).fit(G)
    >>> model.embedding_.shape
    (34, 16)
    """
