"""Settings that papers and other libraries mean by their defaults, spelled out."""

from __future__ import annotations

from typing import Any

from graphemb._validation import check_choice

_WORD2VEC = {"learning_rate": 0.025, "min_learning_rate": 1e-4, "n_negative": 5, "ns_exponent": 0.75}
_PRESETS: dict[str, dict[str, Any]] = {
    # DeepWalk (KDD 2014, section 6.1) and node2vec (KDD 2016, section 4.3) state d, walks, length and context. Of
    # training, node2vec says SGD with negative sampling, for one pass.
    "paper": {"n_components": 128, "n_walks": 10, "walk_length": 80, "window": 10, "n_epochs": 1, "subsample": 0.0,
              **_WORD2VEC},
    # gensim.models.Word2Vec 4.4 with sg=1: a hundred dimensions, five epochs, frequent words left out.
    "gensim": {"n_components": 100, "window": 5, "n_epochs": 5, "subsample": 1e-3, **_WORD2VEC},
    # pecanpy 2.0.9's command line; what it leaves to gensim is gensim's, the subsampling too.
    "pecanpy": {"n_components": 128, "n_walks": 10, "walk_length": 80, "window": 10, "n_epochs": 1, "subsample": 1e-3,
                **_WORD2VEC},
}


def preset(name: str) -> dict[str, Any]:
    """Parameters for a walk method that another source leaves unsaid.

    Parameters
    ----------
    name : {"paper", "gensim", "pecanpy"}
        - "paper": DeepWalk's and node2vec's own settings [1]_ [2]_;
        - "gensim": the defaults of `gensim.models.Word2Vec` (100 dimensions, window 5, five epochs) and what it does
          unasked: it leaves out frequent nodes (``subsample=1e-3``). It has no walks, so their number and length stay;
        - "pecanpy": the defaults of pecanpy's command line, gensim's subsampling with them.

    Returns
    -------
    parameters : dict
        A new one at each call.

    Raises
    ------
    ValueError
        If there is no such preset.

    References
    ----------
    .. [1] Perozzi, Al-Rfou, Skiena, "DeepWalk", KDD 2014, section 6.1.
    .. [2] Grover, Leskovec, "node2vec", KDD 2016, section 4.3.

    Examples
    --------
    >>> from graphemb import Node2Vec, preset
    >>> model = Node2Vec(p=0.25, q=4, **preset("pecanpy"))
    >>> model.subsample
    0.001
    >>> preset("gensim")["n_epochs"]
    5
    """
    return dict(_PRESETS[check_choice("name", name, _PRESETS)])
