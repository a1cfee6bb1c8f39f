"""Embedding: node labels and their vectors, to look up, compare and store."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from graphemb import io, vector_files
from graphemb._validation import check_bool, check_choice, check_int
from graphemb.labels import Labels

_FORMAT = "graphemb.Embedding"
_BLOCK = 2**20  # numbers scored at once, as float64


class Embedding:
    """A lookup table from node labels to vectors.

    Parameters
    ----------
    nodes : iterable of hashable
        Distinct labels, one a row.
    vectors : array-like of float, shape (n_nodes, n_components)
        Finite. Kept without a copy if it is float32 already.

    Raises
    ------
    ValueError
        If the shapes do not match, a value is not finite (in float32), or a label repeats.
    TypeError
        If a label is not hashable.

    Notes
    -----
    A list or array means many labels, anything else is one label: `e["a", 1]` and `e[("a", 1)]` look up the
    tuple, `e[["a", 1]]` two labels. The cosine with a zero vector is 0.

    Examples
    --------
    >>> e = Embedding(["a", "b", "c"], [[1, 0], [1, 1], [0, 2]])
    >>> e
    Embedding(3 nodes, 2 components)
    >>> e["b"]
    array([1., 1.], dtype=float32)
    >>> e[["c", "a"]].shape
    (2, 2)
    >>> e.most_similar("a", k=1)
    [('b', 0.7071067811865475)]
    """

    __slots__ = ("__weakref__", "_index", "_labels", "_norms", "_vectors")

    def __init__(self, nodes: Iterable[Any], vectors: Any) -> None:
        with np.errstate(over="ignore"):  # reported below, by row
            array = np.asarray(vectors).astype(np.float32, copy=False).view()
        if array.ndim != 2 or array.shape[1] < 1:
            raise ValueError("vectors must have shape (n_nodes, n_components), n_components >= 1; "
                             f"got {array.shape}.")
        self._labels = Labels(nodes)
        if len(self._labels) != len(array):
            raise ValueError(f"vectors must have a row for each of the {len(self._labels)} nodes; "
                             f"got {len(array)}.")
        finite = np.isfinite(array).all(axis=1)
        if not finite.all():
            row = int(np.argmin(finite))
            raise ValueError(f"vectors must be finite in float32; that of node {self.nodes[row]!r} (row "
                             f"{row}) "
                             "is not.")
        array.flags.writeable = False
        self._vectors = array
        self._norms: np.ndarray | None = None
        self._index: Any = None

    @property
    def nodes(self) -> Sequence[Any]:
        """Labels in row order: a range or a tuple."""
        return self._labels.nodes

    @property
    def array(self) -> np.ndarray:
        """The vectors: float32, shape (n_nodes, n_components), read-only."""
        return self._vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.nodes)

    def __contains__(self, label: Any) -> bool:
        return label in self._labels

    def __getitem__(self, labels: Any) -> np.ndarray:
        if _is_many(labels):
            return self._vectors[self._labels.rows(labels)]
        return self._vectors[self._labels.rows([labels])[0]]

    def __reduce__(self) -> tuple[Any, ...]:
        return Embedding, (self.nodes, self._vectors)

    def __repr__(self) -> str:
        n, d = self._vectors.shape
        return f"Embedding({n} node{'s' * (n != 1)}, {d} component{'s' * (d != 1)})"

    # --- comparing ---------------------------------------------------------------------------------------

    def most_similar(self, label_or_vector: Any, k: int = 10,
                     where: Iterable[Any] | Callable[[Any], Any] | np.ndarray | None = None, *,
                     index: str = "exact") -> list[tuple[Any, float]]:
        """The nodes whose vectors have the largest cosine with a given one.

        Parameters
        ----------
        label_or_vector : label, or array-like of float of shape (n_components,)
            A list or an array is a vector, anything else a label. A label's own node is left out.
        k : int, default=10
            How many; fewer are returned if there are no more.
        where : iterable of labels, callable or boolean array of shape (n_nodes,), optional
            Which nodes may be returned: these, those for whose label the callable is true, or those at
            which the mask is True.
        index : {"exact", "usearch"}, default="exact"
            "exact" compares every candidate, in float64, a block of rows at a time. "usearch" asks a graph of
            neighbours [1]_, built at the first call and kept: it may miss some, and never returns a zero vector.

        Returns
        -------
        neighbours : list of (label, float)
            Largest cosine first; equal ones in row order.

        Raises
        ------
        KeyError
            If a label is unknown.
        ValueError
            If the vector has another shape or is not finite, or `k` < 1.
        ImportError
            If `index` is "usearch" and it is not installed.

        References
        ----------
        .. [1] Malkov, Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable
           small world graphs", TPAMI 2020, as in the package usearch.
        """
        k = check_int("k", k, 1)
        check_choice("index", index, ("exact", "usearch"))
        allowed = self._allowed(where)
        if _is_many(label_or_vector):
            query = np.asarray(label_or_vector, dtype=np.float64)
            if query.shape != self._vectors.shape[1:] or not np.isfinite(query).all():
                raise ValueError(f"a query vector must be finite, of shape {self._vectors.shape[1:]}; "
                                 f"got shape {query.shape}.")
        else:
            row = int(self._labels.rows([label_or_vector])[0])
            query = self._vectors[row].astype(np.float64)
            allowed = allowed[allowed != row]
        if index == "usearch":
            allowed = self._nearest(query, k, allowed)
        scores = self._cosines(query, allowed)
        if len(scores) > k:
            kept = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
            allowed, scores = allowed[kept], scores[kept]
        best = np.argsort(-scores, kind="stable")[:k]
        return [(self.nodes[int(allowed[b])], float(scores[b])) for b in best]

    def _nearest(self, query: np.ndarray, k: int, allowed: np.ndarray) -> np.ndarray:
        """Rows, rising, among `allowed`, that the index finds nearest: more are asked for until k may be returned."""
        if self._index is None:
            self._index = self.to_usearch()
        may = np.zeros(len(self), bool)
        may[allowed] = True
        wanted = min(k, len(allowed))
        asked, size = k + 1, len(self._index)
        while True:
            asked = min(asked, size)
            found = self._index.search(query.astype(np.float32), asked).keys.astype(np.int64) if asked else allowed[:0]
            kept = found[may[found]]
            if len(kept) >= wanted or asked == size:
                return np.sort(kept[:k])
            asked *= 4

    def similarity(self, a: Any, b: Any) -> float:
        """Cosine of the vectors of two labels.

        Raises
        ------
        KeyError
            If a label is unknown.
        """
        one, other = self._labels.rows([a, b])
        return float(self._cosines(self._vectors[one].astype(np.float64), np.array([other]))[0])

    def score_edges(self, pairs: Iterable[Any], targets: Embedding | None = None) -> np.ndarray:
        """Inner product of the two ends' vectors, for each pair of nodes.

        Parameters
        ----------
        pairs : sequence of (label, label), or array of labels of shape (n_pairs, 2)
        targets : Embedding of as many components, default=None
            Where the second node of each pair is looked up, so that u -> v scores otherwise than v -> u:
            ``model.vectors_.score_edges(pairs, model.target_vectors_)`` for a model of a directed graph. None: here.

        Returns
        -------
        scores : ndarray of shape (n_pairs,), dtype=float64
            The inner product, not the cosine: it is what skip-gram and the factorisations fit.

        Raises
        ------
        KeyError
            If a label is unknown.
        ValueError
            If an element is not a pair, or `targets` has another number of components.
        """
        targets = self if targets is None else targets
        if targets.array.shape[1] != self.array.shape[1]:
            raise ValueError(f"targets must have {self.array.shape[1]} components; got {targets.array.shape[1]}.")
        listed = pairs.tolist() if isinstance(pairs, np.ndarray) else list(pairs)
        for k, pair in enumerate(listed):
            if isinstance(pair, str) or not isinstance(pair, Iterable) or len(tuple(pair)) != 2:
                raise ValueError(f"pairs must hold (label, label); pairs[{k}] is {pair!r}.")
        ends = [table._labels.rows([tuple(pair)[side] for pair in listed])
                for side, table in enumerate((self, targets))]
        scores = np.empty(len(listed))
        step = max(1, _BLOCK // self._vectors.shape[1])
        for start in range(0, len(scores), step):
            u, v = (table._vectors[end[start:start + step]].astype(np.float64)
                    for table, end in zip((self, targets), ends, strict=True))
            scores[start:start + step] = np.einsum("ij,ij->i", u, v)
        return scores

    def _allowed(self, where: Any) -> np.ndarray:
        """Row numbers that `where` selects, rising."""
        if where is None:
            return np.arange(len(self))
        if getattr(where, "dtype", None) == np.bool_:
            mask = np.asarray(where)
            if mask.shape != (len(self),):
                raise ValueError(f"where, as a mask, must have shape ({len(self)},); got {mask.shape}.")
            return np.flatnonzero(mask)
        if callable(where):
            return np.flatnonzero(np.fromiter(map(bool, map(where, self.nodes)), bool, len(self)))
        return np.unique(self._labels.rows(where)).astype(np.int64)

    def _cosines(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        if self._norms is None:
            self._norms = np.empty(len(self))
            for part in self._blocks(np.arange(len(self))):
                self._norms[part] = np.linalg.norm(self._vectors[part].astype(np.float64), axis=1)
        scores = np.zeros(len(rows))
        done = 0
        size = np.abs(query).max()
        query = query / size if size > 0 else query  # whose square then neither overflows nor vanishes
        for part in self._blocks(rows):
            norms = self._norms[part] * np.linalg.norm(query)
            # Not a BLAS product: there equal rows can differ in the last bit, which would upset ties.
            products = np.einsum("ij,j->i", self._vectors[part].astype(np.float64), query)
            np.divide(products, norms, where=norms > 0, out=scores[done:done + len(part)])
            done += len(part)
        return np.clip(scores, -1, 1)

    def _blocks(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        step = max(1, _BLOCK // self._vectors.shape[1])
        for start in range(0, len(rows), step):
            yield rows[start:start + step]

    # --- files -------------------------------------------------------------------------------------------

    def save(self, path: io.PathLike, *, dtype: str = "float32") -> None:
        """Write to a file whose suffix chooses the format; atomically.

        Parameters
        ----------
        path : str or path-like
            - .safetensors, or no suffix: the safetensors layout; any labels that are None, bool, int, float,
              str or tuples of these;
            - .npz: the same content as NumPy arrays;
            - .npy: the array alone; labels other than 0..n-1 in a second file, a line each (name_labels.txt);
            - .txt, .vec: word2vec text; .bin: word2vec binary. Labels all int or all str;
            - .tsv: TensorBoard's projector pair, the labels in a second file (name_metadata.tsv);
            - .parquet: columns `label` and `vector`; needs pyarrow.
        dtype : {"float32", "float16"}, default="float32"
            For .safetensors, .npz and .npy: "float16" makes the file half as large and rounds each number to eleven
            bits; `load` gives float32 either way.

        Raises
        ------
        ValueError
            If the suffix is unknown, a label cannot be written, or float16 is asked of another format or of
            numbers beyond its range, 65504.
        TypeError
            If the format cannot hold labels of this type.
        ImportError
            If pyarrow is missing.

        Notes
        -----
        The word2vec and TensorBoard formats do not store the labels' type. Strings that read as ints, all of
        them, give a UserWarning: `load` then needs `labels="str"`.
        """
        kind = _kind_of(path)
        tensors = {"vectors": self._vectors}
        if check_choice("dtype", dtype, ("float32", "float16")) == "float16":
            if kind not in ("safetensors", "npz", "npy"):
                raise ValueError(f"dtype='float16' goes with .safetensors, .npz and .npy files; got "
                                 f"{os.fspath(path)!r}.")
            largest = float(np.abs(self._vectors).max(initial=0.0))
            if largest > float(np.finfo(np.float16).max):
                raise ValueError(f"dtype='float16' holds numbers up to 65504; the vectors have {largest:g}. Scale "
                                 "them, or save as float32.")
            tensors = {"vectors": self._vectors.astype(np.float16)}
        if (kind in ("text", "binary", "projector", "npy") and set(map(type, self.nodes)) == {str}
                and type(io.as_ints(list(self.nodes))[0]) is int):
            warnings.warn(f"the labels are strings that all read as ints (first {self.nodes[0]!r}); to get "
                          f"strings back use Embedding.load({os.fspath(path)!r}, labels='str').",
                          stacklevel=2)
        if kind == "safetensors":
            io.write_tensors(path, tensors | io.encode_labels(self.nodes),
                             {"format": _FORMAT, "version": "1"})
        elif kind == "npy":
            vector_files.write_npy(path, self.nodes, tensors["vectors"])
        elif kind == "npz":
            io.write_npz(path, tensors | io.encode_labels(self.nodes))
        elif kind == "projector":
            vector_files.write_projector(path, self.nodes, self._vectors)
        elif kind == "parquet":
            vector_files.write_parquet(path, self.nodes, self._vectors)
        else:
            vector_files.write_word2vec(path, self.nodes, self._vectors, binary=kind == "binary")

    @classmethod
    def load(cls, path: io.PathLike, *, mmap: bool = True, labels: str = "auto") -> Embedding:
        """Read what `save` wrote, or another program in one of these formats. Never unpickles.

        Parameters
        ----------
        path : str or path-like
        mmap : bool, default=True
            For .safetensors: map the vectors from the file instead of copying them into memory.
        labels : {"auto", "int", "str"}, default="auto"
            For .txt, .vec, .bin, .tsv and .npy, which do not store the labels' type. "auto": ints if every label
            is written as Python writes an int, else strings.

        Returns
        -------
        embedding : Embedding

        Raises
        ------
        ValueError
            If the file is truncated, corrupt, of unknown suffix, or holds NaN or a label twice.
        ImportError
            If the file is Parquet and pyarrow is missing.
        """
        check_choice("labels", labels, ("auto", "int", "str"))
        name, kind = os.fspath(path), _kind_of(path)
        nodes: Sequence[Any]
        if kind in ("safetensors", "npz"):
            if kind == "npz":
                tensors = io.read_npz(path)
            else:
                tensors, metadata = io.read_tensors(path, mmap=check_bool("mmap", mmap))
                if metadata.get("format") != _FORMAT or metadata.get("version") != "1":
                    raise ValueError(f"{name} holds no embedding of format version 1; its metadata is "
                                     f"{str(metadata)[:200]}.")
            vectors = tensors.get("vectors")
            if vectors is None or vectors.ndim != 2 or vectors.dtype not in (np.float32, np.float16):
                raise ValueError(f"{name} has no 2-D float32 or float16 array named vectors.")
            vectors = vectors.astype(np.float32, copy=False)
            nodes = io.decode_labels(tensors, len(vectors), path)
        elif kind == "parquet":
            nodes, vectors = vector_files.read_vectors_parquet(path)
        elif kind == "npy" and not os.path.exists(vector_files.labels_path(path)):
            vectors = vector_files.read_npy(path)
            nodes = range(len(vectors))
        else:
            words, vectors = (vector_files.read_projector(path) if kind == "projector" else
                              vector_files.read_labelled_npy(path) if kind == "npy" else
                              vector_files.read_word2vec(path, binary=kind == "binary"))
            nodes = words if labels == "str" else io.as_ints(words)
            if labels == "int" and nodes and not isinstance(nodes[0], int):
                raise ValueError(f"{name}: not every label is an int; load with labels='str'.")
        try:
            return cls(nodes, vectors)
        except ValueError as err:
            raise ValueError(f"{name}: {err}") from None

    # --- out ---------------------------------------------------------------------------------------------

    def to_keyed_vectors(self) -> Any:
        """A `gensim.models.KeyedVectors` with these vectors.

        Its keys are `str(label)`: gensim reads an int as a row number.

        Raises
        ------
        ImportError
            If gensim is not installed.
        ValueError
            If two labels have the same `str`.
        """
        from gensim.models import KeyedVectors

        keys = list(map(str, self.nodes))
        if len(set(keys)) < len(keys):
            first: dict[str, Any] = {}
            for key, label in zip(keys, self.nodes, strict=True):
                if key in first:
                    raise ValueError(f"labels {first[key]!r} and {label!r} are both {key!r} as a string, "
                                     "which is what gensim needs; rename one.")
                first[key] = label
        vectors = KeyedVectors(self._vectors.shape[1])
        vectors.add_vectors(keys, self._vectors)
        return vectors

    def to_usearch(self, **parameters: Any) -> Any:
        """A `usearch.index.Index` of the vectors by cosine; its keys are row numbers, zero vectors left out.

        Parameters
        ----------
        **parameters
            For `Index`: ``connectivity``, ``expansion_add``, ``expansion_search``, ``dtype``. Defaults here are
            float32 and expansions of 256, where usearch has half precision and 128 and 64.

        Raises
        ------
        ImportError
            If usearch is not installed.
        """
        try:
            from usearch.index import Index
        except ImportError as err:
            raise ImportError("an index needs usearch: pip install 'graphemb[usearch]'.") from err

        settings: dict[str, Any] = {"dtype": "f32", "expansion_add": 256, "expansion_search": 256} | parameters
        index = Index(ndim=self._vectors.shape[1], metric="cos", **settings)
        rows = np.flatnonzero(self._vectors.any(axis=1))
        if len(rows):
            index.add(rows.astype(np.uint64), self._vectors[rows], threads=1)
        return index

    def to_dataframe(self) -> Any:
        """A pandas DataFrame: labels as its index, columns 0..n_components-1, float32.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        if isinstance(self.nodes, range):
            index = pd.RangeIndex(len(self))
        else:
            # As objects where types are mixed: pandas would make None a NaN, and 1 beside 2.5 a float.
            mixed = len(set(map(type, self.nodes))) > 1
            index = pd.Index(list(self.nodes), dtype=object if mixed else None, tupleize_cols=False)
        return pd.DataFrame(self._vectors.copy(), index=index)

    def to_torch(self, *, freeze: bool = True) -> Any:
        """A `torch.nn.Embedding` with a copy of the vectors; row i is `nodes[i]`.

        Parameters
        ----------
        freeze : bool, default=True
            Whether training leaves the vectors as they are.

        Raises
        ------
        ImportError
            If torch is not installed.
        """
        import torch

        return torch.nn.Embedding.from_pretrained(torch.from_numpy(self._vectors.copy()),
                                                  freeze=check_bool("freeze", freeze))

    def plot(self, labels: Any = None, method: str = "pca", ax: Any = None) -> Any:
        """Draw the vectors in the plane; see `graphemb.plot.plot`.

        Parameters
        ----------
        labels : mapping or sequence, optional
            What to colour the nodes by.
        method : {"pca", "tsne", "umap"}, default="pca"
        ax : matplotlib Axes, optional

        Returns
        -------
        ax : matplotlib Axes
        """
        from graphemb.plot import plot  # matplotlib loads only where something is drawn

        return plot(self, labels=labels, method=method, ax=ax)


def _is_many(labels: Any) -> bool:
    return isinstance(labels, list) or (hasattr(labels, "__array__") and getattr(labels, "ndim", 1) > 0)


def _kind_of(path: io.PathLike) -> str:
    kinds = {".safetensors": "safetensors", "": "safetensors", ".npz": "npz", ".npy": "npy", ".txt": "text",
             ".vec": "text", ".bin": "binary", ".tsv": "projector", ".parquet": "parquet"}
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in kinds:
        raise ValueError(f"{os.fspath(path)}: unknown suffix {suffix!r}; known are "
                         f"{', '.join(filter(None, kinds))}.")
    return kinds[suffix]
