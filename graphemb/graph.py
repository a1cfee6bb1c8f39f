"""Graph: frozen CSR with node labels; as_graph: the one door for every kind of input."""

from __future__ import annotations

import hashlib
import numbers
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from operator import methodcaller
from typing import Any, NoReturn

import numpy as np
from scipy import sparse

from graphemb import io
from graphemb._parallel import interruptible
from graphemb._validation import check_bool

_MAX_NODES = 2**31 - 1
_FORMAT = "graphemb.Graph"
_ROUNDING = 2.0**-22  # relative; two units in the last place of float32


class Labels:
    """Node labels in row order, and the way back from label to row.

    Parameters
    ----------
    nodes : iterable of hashable
        Distinct labels. NaN is no label (it does not equal itself). Kept as they are, except that the
        elements of a NumPy array become Python scalars.

    Attributes
    ----------
    nodes : range or tuple
        `range(n)` if the labels are the ints 0..n-1 in order, else a tuple.

    Raises
    ------
    ValueError
        If there are none, more than 2**31-1, a NaN or a duplicate.
    TypeError
        If a label is not hashable.
    """

    __slots__ = ("_rows", "nodes")

    nodes: Sequence[Any]

    def __init__(self, nodes: Iterable[Any]) -> None:
        self._rows: dict[Any, int] | None = None
        if isinstance(nodes, range) and nodes.start == 0 and nodes.step == 1:
            self.nodes = nodes
        else:
            listed = _listed("nodes", nodes)
            if isinstance(listed, np.ndarray) and np.array_equal(listed, np.arange(len(listed))):
                self.nodes = range(len(listed))
            else:
                self.nodes = tuple(listed.tolist() if isinstance(listed, np.ndarray) else listed)
                _check_labels(self.nodes)
                self._rows = dict(zip(self.nodes, range(len(self.nodes)), strict=True))
                if len(self._rows) < len(self.nodes):
                    self._raise_duplicate()
        if len(self.nodes) == 0:
            raise ValueError("The graph has no nodes; it must have at least 1.")
        if len(self.nodes) > _MAX_NODES:
            raise ValueError(f"The graph has {len(self.nodes)} nodes; at most 2**31-1 = {_MAX_NODES} fit the "
                             "32-bit node indices. Split it, or drop nodes.")

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, label: Any) -> bool:
        try:
            return label in self.by_label
        except TypeError:
            return False

    def __reduce__(self) -> tuple[Any, ...]:
        return Labels, (self.nodes,)

    @property
    def by_label(self) -> Mapping[Any, int]:
        """The row of each label, as a dict."""
        if self._rows is None:
            self._rows = dict(zip(self.nodes, self.nodes, strict=True))
        return self._rows

    def rows(self, labels: Iterable[Any]) -> np.ndarray:
        """Row numbers of a sequence of labels: int32, shape (len(labels),). See `Graph.index_of`."""
        if getattr(labels, "dtype", None) == np.bool_:
            raise TypeError("labels is a boolean array; a mask is no list of labels: pass the labels it "
                            "selects.")
        listed = _listed("labels", labels)
        if isinstance(listed, np.ndarray):
            if isinstance(self.nodes, range):
                outside = (listed < 0) | (listed >= len(self.nodes))
                if outside.any():
                    self._raise_unknown(listed[outside][0].item(), labels)
                return listed.astype(np.int32)
            listed = listed.tolist()
        try:
            return np.fromiter(map(self.by_label.__getitem__, listed), np.int32, len(listed))
        except KeyError:
            self._raise_unknown(next(label for label in listed if label not in self.by_label), labels)
        except TypeError:
            _check_labels(listed)
            raise

    def _raise_unknown(self, label: Any, given: Any) -> NoReturn:
        hint = "types count: '1' is not 1"
        if isinstance(given, tuple) and given in self:
            hint = f"for the one label {given!r} pass [{given!r}]"
        raise KeyError(f"{label!r} is not among the {len(self)} node labels ({_some(self.nodes)}); {hint}.")

    def _raise_duplicate(self) -> NoReturn:
        first: dict[Any, int] = {}
        for row, label in enumerate(self.nodes):
            if label in first:
                other = self.nodes[first[label]]
                raise ValueError(f"labels must be distinct; rows {first[label]} and {row} have {other!r} and "
                                 f"{label!r}, which are equal in Python. Rename one.")
            first[label] = row
        raise ValueError("labels must be distinct.")


class Graph:
    """A frozen graph: compressed sparse rows and the nodes' labels.

    Parameters
    ----------
    indptr : array-like of int, shape (n_nodes + 1,)
        Row `i` of the adjacency matrix is `indices[indptr[i]:indptr[i + 1]]`.
    indices : array-like of int, shape (nnz,)
        Column numbers, in any order.
    weights : array-like of float, shape (nnz,), optional
        Edge weights; every edge weighs 1 if None.
    nodes : iterable of hashable, optional
        A label for each row; `range(n_nodes)` if None.
    directed : bool, default=False
        If False the matrix must be symmetric.

    Attributes
    ----------
    indptr : ndarray of shape (n_nodes + 1,), dtype=int64
    indices : ndarray of shape (nnz,), dtype=int32
        Sorted in each row, no duplicates.
    weights : ndarray of shape (nnz,), dtype=float32, or None
        None when every weight is exactly 1.
    nodes : range or tuple
        Labels in row order: `range(n_nodes)` if they are the ints 0..n_nodes-1 in order, else a tuple.
    directed : bool
    n_nodes, n_edges : int
        `n_edges` counts an undirected edge once.

    Raises
    ------
    ValueError
        If the arrays are no valid compressed rows, or break one of the policies below.
    TypeError
        If an array does not hold numbers, or a label is not hashable.

    Notes
    -----
    Every constructor and `as_graph` keep these policies:

    - **Every node of the input gets a row**, isolated nodes included, in the input's own order. Without
      `nodes=`, edge lists number their nodes by first appearance: source, target, edge by edge.
    - **Labels keep their type and identity**; any hashable will do, None and tuples included. Elements
      of NumPy arrays become Python scalars. NaN is refused, and so are labels that are equal in Python
      though of different type (1 and True, 1 and 1.0) where an edge list would merge them.
    - **A missing weight is 1**: an edge without the attribute, or a source without weights.
    - **Parallel edges are summed**, in float64, and rounded once to float32. In an undirected edge list
      (a, b) and (b, a) are parallel.
    - **An undirected self-loop is stored once**, as a single diagonal entry of its weight.
    - **Edges of weight 0 are dropped**, with a UserWarning that counts them. (The zeros of a dense
      matrix are no edges and need no warning.)
    - **NaN, infinite and negative weights raise** ValueError and name the first such edge; so does a weight
      beyond float32's range, too large or so small that it would become 0. What is no number at all,
      a string for one, raises TypeError.
    - **An asymmetric matrix is directed** unless told otherwise; `directed=False` then raises and names the
      first asymmetric pair. Two entries that differ by rounding (2**-22, relative) count as symmetric
      and both become their mean.
    - **Nothing of the input is changed or shared**: the arrays are the graph's own, and read-only.
    - At most 2**31-1 nodes and at least one; the number of edges is not bounded.

    A Graph is opaque to scikit-learn: it has no length, no shape and is not an array, and `clone`, `copy`
    and `deepcopy` return it as it is.

    Examples
    --------
    >>> from graphemb.graph import Graph
    >>> graph = Graph.from_edges(["ann", "bob"], ["bob", "cid"], [1.0, 2.5])
    >>> graph
    Graph(3 nodes, 2 edges, undirected, weighted)
    >>> graph.nodes
    ('ann', 'bob', 'cid')
    >>> graph.index_of(["cid", "ann"])
    array([2, 0], dtype=int32)
    """

    __slots__ = ("__weakref__", "_fingerprint", "_labels", "_n_edges", "directed", "indices", "indptr",
                 "weights")

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray | None
    directed: bool
    _labels: Labels
    _n_edges: int
    _fingerprint: str

    def __init__(self, indptr: Any, indices: Any, weights: Any = None, *, nodes: Iterable[Any] | None = None,
                 directed: bool = False) -> None:
        directed = check_bool("directed", directed)
        indptr, indices = _integers("indptr", indptr), _integers("indices", indices)
        n = len(indptr) - 1
        _check_compressed(indptr, indices, n, n)
        if indptr[-1] != len(indices):
            raise ValueError(f"indptr ends with {indptr[-1]}, but there are {len(indices)} indices.")
        labels = _labels_for(n, nodes)
        data = np.ones(len(indices), np.float32)
        if weights is not None:
            data = _weights("weights", weights, len(indices), _entry(indptr, indices, labels.nodes))
        self._fill(*_from_csr(_own_csr(indptr, indices, data, (n, n)), labels, directed))

    def _fill(self, indptr: np.ndarray, indices: np.ndarray, weights: np.ndarray | None, labels: Labels,
              directed: bool) -> None:
        for array in (indptr, indices, weights):
            if array is not None:
                array.flags.writeable = False
        put = object.__setattr__
        put(self, "indptr", indptr)
        put(self, "indices", indices)
        put(self, "weights", weights)
        put(self, "directed", directed)
        put(self, "_labels", labels)

    @classmethod
    def _trusted(cls, *fields: Any) -> Graph:
        """A Graph from arrays that are already what the attributes promise."""
        self = object.__new__(cls)
        self._fill(*fields)
        return self

    # --- what is in it -----------------------------------------------------------------------------------

    @property
    def nodes(self) -> Sequence[Any]:
        """Labels in row order: a range or a tuple."""
        return self._labels.nodes

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    @property
    def n_edges(self) -> int:
        """Number of edges; an undirected edge counts once."""
        if not hasattr(self, "_n_edges"):
            nnz = len(self.indices)
            if not self.directed:
                rows = np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.indptr))
                nnz = (nnz + int(np.count_nonzero(rows == self.indices))) // 2
            object.__setattr__(self, "_n_edges", nnz)
        return self._n_edges

    @property
    def memory_bytes(self) -> int:
        """Bytes of the arrays; the labels are not counted."""
        return self.indptr.nbytes + self.indices.nbytes + (0 if self.weights is None else self.weights.nbytes)

    @property
    def fingerprint(self) -> str:
        """Hash of structure, direction, weights and labels (hexadecimal, 32 digits).

        Equal graphs have equal fingerprints, in any process and on any machine, as long as the labels are
        None, bool, int, float, str or tuples of these, or have a `repr` that does not change.
        """
        if not hasattr(self, "_fingerprint"):
            digest = hashlib.blake2b(f"graphemb 1 {self.n_nodes} {len(self.indices)} {self.directed} "
                                     f"{self.weights is not None};".encode(), digest_size=16)
            for array, dtype in ((self.indptr, "<i8"), (self.indices, "<i4"), (self.weights, "<f4")):
                if array is not None:
                    digest.update(array.astype(dtype, copy=False).data)
            try:
                for name, encoded in io.encode_labels(self.nodes).items():
                    digest.update(name.encode())
                    digest.update(encoded.astype(encoded.dtype.newbyteorder("<"), copy=False).data)
            except TypeError:
                for label in self.nodes:
                    digest.update(f"{type(label).__module__}.{type(label).__qualname__} {label!r};"
                                  .encode(errors="backslashreplace"))
            object.__setattr__(self, "_fingerprint", digest.hexdigest())
        return self._fingerprint

    def index_of(self, labels: Iterable[Any]) -> np.ndarray:
        """Row numbers of a sequence of node labels.

        Parameters
        ----------
        labels : sequence or array of labels
            A tuple is read as a sequence; to look up one label, whatever its type, pass `[label]`.

        Returns
        -------
        rows : ndarray of shape (len(labels),), dtype=int32

        Raises
        ------
        KeyError
            If a label is not in the graph.
        TypeError
            If `labels` is no sequence of hashables.
        """
        return self._labels.rows(labels)

    # --- in ----------------------------------------------------------------------------------------------

    @classmethod
    def from_networkx(cls, G: Any, weight: str | None = "weight") -> Graph:
        """Build from a NetworkX graph of any class, or a view of one; `G` is not changed.

        Parameters
        ----------
        G : nx.Graph, nx.DiGraph, nx.MultiGraph or nx.MultiDiGraph
        weight : str or None, default="weight"
            Edge attribute that holds the weights. None ignores them: every edge then weighs 1.

        Returns
        -------
        graph : Graph
            Row i is `list(G)[i]`.

        Raises
        ------
        TypeError
            If `G` is no NetworkX graph, or a weight is not a number.
        ValueError
            If `G` has no nodes, or a weight breaks the policies of `Graph`.

        Examples
        --------
        >>> import networkx as nx
        >>> Graph.from_networkx(nx.les_miserables_graph())
        Graph(77 nodes, 254 edges, undirected, weighted)
        """
        if not _is_networkx(G):
            raise TypeError(f"from_networkx needs a NetworkX graph; got {type(G).__name__}. "
                            "graphemb.graph.as_graph takes other kinds.")
        return cls._trusted(*_from_csr(*_read_networkx(G, weight), G.is_directed()))

    @classmethod
    def from_scipy(cls, A: Any, nodes: Iterable[Any] | None = None, directed: bool | None = None) -> Graph:
        """Build from a SciPy sparse array or matrix, in any format.

        Parameters
        ----------
        A : sparse array or matrix of shape (n_nodes, n_nodes)
            `A[i, j]` is the weight of the edge from node i to node j.
        nodes : iterable of hashable, optional
            A label for each row; `range(n_nodes)` if None.
        directed : bool, optional
            None: undirected if `A` is symmetric, else directed.

        Returns
        -------
        graph : Graph

        Raises
        ------
        TypeError
            If `A` is not sparse.
        ValueError
            If `A` is not square, its index arrays are invalid, it is asymmetric although
            `directed=False`, or a weight breaks the policies of `Graph`.

        Examples
        --------
        >>> from scipy import sparse
        >>> Graph.from_scipy(sparse.csr_array([[0, 2], [0, 0]]), nodes=["a", "b"])
        Graph(2 nodes, 1 edge, directed, weighted)
        """
        if not sparse.issparse(A):
            raise TypeError(f"from_scipy needs a SciPy sparse array; got {type(A).__name__}. For a dense "
                            "matrix pass scipy.sparse.csr_array(A).")
        if directed is not None:
            directed = check_bool("directed", directed)
        return cls._trusted(*_from_csr(*_read_sparse(A, nodes), directed))

    @classmethod
    def from_edges(cls, src: Iterable[Any], dst: Iterable[Any], weight: Iterable[Any] | None = None, *,
                   nodes: Iterable[Any] | None = None, directed: bool = False) -> Graph:
        """Build from the two ends of every edge.

        Parameters
        ----------
        src, dst : array-likes of labels, of one length
            Any 1-D array, list, Series or column. Edge k goes from `src[k]` to `dst[k]`.
        weight : array-like of float, optional
            One weight an edge; 1 if None.
        nodes : iterable of hashable, optional
            The nodes in row order, isolated ones included. None: the labels of the edges, by first
            appearance (src[0], dst[0], src[1], dst[1], ...).
        directed : bool, default=False

        Returns
        -------
        graph : Graph

        Raises
        ------
        ValueError
            If the lengths differ, an end is not in `nodes`, labels of different type are equal, or a
            weight breaks the policies of `Graph`.
        TypeError
            If a label is not hashable or a weight not a number.

        Examples
        --------
        >>> Graph.from_edges([0, 1, 1], [1, 2, 0], nodes=range(5)).to_scipy().toarray()
        array([[0., 2., 0., 0., 0.],
               [2., 0., 1., 0., 0.],
               [0., 1., 0., 0., 0.],
               [0., 0., 0., 0., 0.],
               [0., 0., 0., 0., 0.]], dtype=float32)
        """
        directed = check_bool("directed", directed)
        source, target = _listed("src", src), _listed("dst", dst)
        if len(source) != len(target):
            raise ValueError("src and dst must have one length; "
                             f"got {len(source)} sources and {len(target)} targets.")
        labels, i, j = _number(source, target, nodes)
        data = np.ones(len(i))
        if weight is not None:
            data = _weights("weight", weight, len(i), lambda k: (labels.nodes[i[k]], labels.nodes[j[k]]))
        if not directed:
            i, j = np.minimum(i, j), np.maximum(i, j)
        n = len(labels)
        matrix = sparse.coo_array((data.astype(np.float64, copy=False), (i, j)), shape=(n, n)).tocsr()
        matrix.sum_duplicates()
        if not directed:
            # Summed before it is mirrored, so that both directions have the same bits. Not by adding the
            # transpose: SciPy's sum would drop stored zeros, which are to be counted.
            half = matrix.tocoo()
            off = half.row != half.col
            i, j = np.concatenate([half.row, half.col[off]]), np.concatenate([half.col, half.row[off]])
            data = np.concatenate([half.data, half.data[off]])
            matrix = sparse.coo_array((data, (i, j)), shape=(n, n)).tocsr()
        return cls._trusted(*_from_csr(matrix, labels, directed, symmetric=not directed))

    @classmethod
    def from_dataframe(cls, df: Any, source: Any, target: Any, weight: Any = None, *, directed: bool = False,
                       nodes: Iterable[Any] | None = None) -> Graph:
        """Build from a table with a row an edge: pandas, polars, Arrow, or a dict of arrays.

        Parameters
        ----------
        df : table
            Anything whose `df[name]` is a column that NumPy can read.
        source, target : column names
        weight : column name, optional
            Every edge weighs 1 if None.
        directed : bool, default=False
        nodes : iterable of hashable, optional
            As in `from_edges`.

        Returns
        -------
        graph : Graph

        Raises
        ------
        KeyError
            If a column is not there.
        ValueError
            If a cell is null (the row is named), or for what `from_edges` refuses.

        Examples
        --------
        >>> table = {"from": ["a", "b"], "to": ["b", "c"], "km": [3.0, 4.0]}
        >>> Graph.from_dataframe(table, "from", "to", "km")
        Graph(3 nodes, 2 edges, undirected, weighted)
        """
        values = None if weight is None else _column(df, weight)
        return cls.from_edges(_column(df, source), _column(df, target), values, nodes=nodes,
                              directed=directed)

    @classmethod
    def from_igraph(cls, g: Any, weight: str | None = "weight") -> Graph:
        """Build from an igraph graph.

        Parameters
        ----------
        g : igraph.Graph
            Labels are the vertices' "name" if they have it, else 0..n-1.
        weight : str or None, default="weight"
            Edge attribute; where it is None, or absent, an edge weighs 1.

        Returns
        -------
        graph : Graph

        Raises
        ------
        TypeError
            If `g` is no igraph graph.
        ValueError
            If names repeat, or a weight breaks the policies of `Graph`.
        """
        if not _is_igraph(g):
            raise TypeError(f"from_igraph needs an igraph graph; got {type(g).__name__}.")
        names = list(g.vs["name"]) if "name" in g.vs.attributes() else range(g.vcount())
        ends = np.array(g.get_edgelist(), dtype=np.int64).reshape(-1, 2)
        values = None
        if weight is not None and weight in g.es.attributes():
            values = [1 if value is None else value for value in g.es[weight]]
        plain = cls.from_edges(ends[:, 0], ends[:, 1], values, nodes=range(g.vcount()),
                               directed=bool(g.is_directed()))
        return cls._trusted(plain.indptr, plain.indices, plain.weights, Labels(names), plain.directed)

    @classmethod
    def from_pyg(cls, data: Any, weight: str | None = "edge_weight") -> Graph:
        """Build from a PyTorch Geometric `Data` object with one kind of node.

        Parameters
        ----------
        data : torch_geometric.data.Data
            An undirected graph holds both directions of every edge there, as `Data.is_undirected` has it;
            so a symmetric `edge_index` gives an undirected graph, any other a directed one.
        weight : str or None, default="edge_weight"
            Attribute of shape (n_edges,); every edge weighs 1 if it is absent or None.

        Returns
        -------
        graph : Graph
            Labels are 0..num_nodes-1.

        Raises
        ------
        TypeError
            If `data` has no `edge_index`.
        ValueError
            If `edge_index` is not of shape (2, n_edges) or names a node beyond `num_nodes`, or a weight
            breaks the policies of `Graph`.
        """
        if not _is_pyg(data):
            raise TypeError(f"from_pyg needs a Data object with edge_index and num_nodes; "
                            f"got {type(data).__name__}.")
        index = _tensor(data.edge_index)
        n = int(data.num_nodes)
        if index.ndim != 2 or index.shape[0] != 2 or index.dtype.kind not in "iu":
            raise ValueError("edge_index must be integers of shape (2, n_edges); "
                             f"got {index.dtype} of shape {index.shape}.")
        outside = (index < 0) | (index >= n)
        if outside.any():
            raise ValueError(f"edge_index names node {index[outside][0]}; num_nodes is {n}.")
        values = getattr(data, weight, None) if weight is not None else None
        plain = cls.from_edges(index[0], index[1], None if values is None else _tensor(values),
                               nodes=range(n), directed=True)
        return cls.from_scipy(plain.to_scipy())

    @classmethod
    def read(cls, path: io.PathLike, *, format: str | None = None, directed: bool | None = None,
             weight: str | None = "weight", delimiter: str | None = None, header: bool | None = None,
             columns: Sequence[int | str] | None = None) -> Graph:
        """Read a graph from a file.

        Parameters
        ----------
        path : str or path-like
        format : str, optional
            None: by the suffix, a final .gz aside.

            - "edges" (.csv, .tsv, .txt, .edges, .edgelist, .dat, .ncol): see Notes;
            - "matrix_market" (.mtx): a square matrix;
            - "npz": `scipy.sparse.save_npz`, or arrays `indptr`, `indices` and, where there are any, `data`,
              `directed`, `node_names` (labels), `self_loop_nodes` and `self_loop_weights` (entries of the
              diagonal that `indices` leaves out);
            - "graphml", "gml": through NetworkX;
            - "metis" (.metis, .graph): labels are the file's own numbers, from 1;
            - "parquet": a table with a row an edge; needs pyarrow;
            - "safetensors": what `save` wrote.
        directed : bool, optional
            None: what the file says; an edge list is undirected, a matrix undirected if symmetric. A value
            that contradicts the file raises.
        weight : str or None, default="weight"
            Edge attribute with the weights, for GraphML and GML; None ignores weights in any format.
        delimiter : str, optional
            Edge lists: what separates fields; " " is any run of blanks. None: a comma in .csv, a tab in .tsv,
            else the first of tab, comma, semicolon that the first line has, else blanks.
        header : bool, optional
            Edge lists: whether the first line holds names. None: it does if its first two fields are usual
            names (source, target, src, dst, from, to, u, v, node1, node2, head, tail, FromNodeId,
            ToNodeId), or if none of its three fields is a number while the next line's weight is. Words
            above ints raise, since they could be either.
        columns : sequence of two or three int or str, optional
            Edge lists and Parquet: positions or header names of source, target and, if wanted, weight.
            None: the file has two or three columns, in this order.

        Returns
        -------
        graph : Graph

        Raises
        ------
        ValueError
            If the file is malformed (the line is named), or breaks a policy of `Graph`.
        ImportError
            If the file is Parquet and pyarrow is not installed.

        Notes
        -----
        An edge list has an edge a line, as UTF-8 text, gzipped or not. Lines that begin with # or % are
        comments, empty ones are skipped. Labels are ints if every one is written as Python writes an int
        ("007" is not), else all are strings. Blanks around a field are not part of it.
        """
        directed = None if directed is None else check_bool("directed", directed)
        kind, name = io.format_of(path, format), os.fspath(path)
        if kind == "edges":
            src, dst, values = io.read_edges(path, delimiter=delimiter, header=header, columns=columns)
            return cls.from_edges(src, dst, values if weight is not None else None, directed=bool(directed))
        if delimiter is not None or header is not None or (columns is not None and kind != "parquet"):
            raise ValueError(f"delimiter, header and columns are for edge lists; {name} is read as {kind}.")
        if kind == "parquet":
            table = io.read_parquet(path, columns)
            third = table.column_names[2] if weight is not None and table.num_columns == 3 else None
            source, target = table.column_names[:2]
            return cls.from_dataframe(table, source, target, third, directed=bool(directed))
        if kind == "matrix_market":
            matrix, labels = _read_sparse(io.read_matrix_market(path), None, weight is not None)
            return cls._trusted(*_from_csr(matrix, labels, directed))
        if kind == "npz":
            graph = cls._from_npz(name, io.read_npz(path), directed, weight is not None)
        elif kind == "metis":
            indptr, indices, values = io.read_metis(path)
            graph = cls(indptr, indices, values if weight is not None else None,
                        nodes=range(1, len(indptr)))
        elif kind == "safetensors":
            graph = cls.load(path)
            if weight is None:
                graph = cls._trusted(graph.indptr, graph.indices, None, graph._labels, graph.directed)
        else:
            graph = cls.from_networkx(io.read_xml_or_gml(path, kind), weight)
        if directed not in (None, graph.directed):
            raise ValueError(f"directed={directed}, but {name} holds {'a' if graph.directed else 'an un'}"
                             f"{' ' if graph.directed else ''}directed graph; leave directed= out.")
        return graph

    @classmethod
    def _from_npz(cls, name: str, arrays: Mapping[str, np.ndarray], directed: bool | None,
                  weighted: bool) -> Graph:
        if "format" in arrays:
            return cls._trusted(*_from_csr(*_read_sparse(io.read_sparse_npz(name), None, weighted), directed))
        if not {"indptr", "indices"} <= set(arrays):
            raise ValueError(f"{name} has no arrays indptr and indices; it has {', '.join(sorted(arrays))}.")
        indptr, indices = _integers("indptr", arrays["indptr"]), _integers("indices", arrays["indices"])
        n = len(indptr) - 1
        _check_compressed(indptr, indices, n, n)
        data = arrays.get("data", np.ones(len(indices)))
        if data.shape != indices.shape or data.dtype.kind not in "biuf":
            raise ValueError(f"{name}: data must be {len(indices)} numbers; "
                             f"got {data.dtype} of shape {data.shape}.")
        loops = _integers("self_loop_nodes", arrays.get("self_loop_nodes", np.empty(0, int)))
        if len(loops) and (loops.min() < 0 or loops.max() >= n):
            raise ValueError(f"{name}: self_loop_nodes must be in [0, {n}); "
                             f"got {loops.min()} to {loops.max()}.")
        values = arrays.get("self_loop_weights", np.ones(len(loops)))
        if values.shape != loops.shape:
            raise ValueError(f"{name}: {len(values)} self_loop_weights for {len(loops)} self_loop_nodes.")
        rows = np.repeat(np.arange(n), np.diff(indptr))
        matrix = sparse.coo_array((np.concatenate([data, values]),
                                   (np.concatenate([rows, loops]), np.concatenate([indices, loops]))), (n, n))
        flag = arrays.get("directed")
        matrix, labels = _read_sparse(matrix, arrays.get("node_names"), weighted)
        return cls._trusted(*_from_csr(matrix, labels, directed if flag is None else bool(flag)))

    @classmethod
    def load(cls, path: io.PathLike, mmap: bool = True) -> Graph:
        """Load what `save` wrote, checking all of it.

        Parameters
        ----------
        path : str or path-like
        mmap : bool, default=True
            Map the arrays from the file instead of copying them into memory. The file must then stay as
            it is while the graph is in use.

        Returns
        -------
        graph : Graph

        Raises
        ------
        ValueError
            If the file is truncated, corrupt or holds no graph.
        """
        tensors, metadata = io.read_tensors(path, mmap=check_bool("mmap", mmap))
        name = os.fspath(path)
        if metadata.get("format") != _FORMAT or metadata.get("version") != "1":
            raise ValueError(f"{name} holds no graph of format version 1; its metadata is "
                             f"{str(metadata)[:200]}.")
        want = {"indptr": np.int64, "indices": np.int32, "weights": np.float32}
        for key, dtype in want.items():
            if key in tensors and (tensors[key].dtype != dtype or tensors[key].ndim != 1):
                raise ValueError(f"{name}: {key} must be {np.dtype(dtype)} and 1-D; "
                                 f"got {tensors[key].dtype} of shape {tensors[key].shape}.")
        if metadata.get("directed") not in ("true", "false") or not {"indptr", "indices"} <= set(tensors):
            raise ValueError(f"{name}: indptr, indices or the flag directed is missing; the file is corrupt.")
        indptr, indices, weights = tensors["indptr"], tensors["indices"], tensors.get("weights")
        n = len(indptr) - 1
        try:
            _check_compressed(indptr, indices, n, n)
            labels = Labels(io.decode_labels(tensors, n, path))
            _check_canonical(indptr, indices)
            if weights is not None:
                if len(weights) != len(indices):
                    raise ValueError(f"{len(weights)} weights for {len(indices)} entries")
                _check_weights(weights, _entry(indptr, indices, labels.nodes))
                if not weights.all():
                    raise ValueError("a weight is 0")
            if metadata["directed"] == "false" and _asymmetry(indptr, indices, weights) != 0:
                raise ValueError("the graph is said to be undirected, but is not symmetric")
        except ValueError as err:
            raise ValueError(f"{name} is corrupt: {err}") from None
        return cls._trusted(indptr, indices, weights, labels, metadata["directed"] == "true")

    # --- out ---------------------------------------------------------------------------------------------

    def save(self, path: io.PathLike) -> None:
        """Write to one file in the safetensors layout, atomically; `load` maps it back.

        Parameters
        ----------
        path : str or path-like
            Usually with the suffix .safetensors.

        Raises
        ------
        TypeError
            If a label is not None, bool, int, float, str or a tuple of these.
        """
        tensors = {"indptr": self.indptr, "indices": self.indices, **io.encode_labels(self.nodes)}
        if self.weights is not None:
            tensors["weights"] = self.weights
        io.write_tensors(path, tensors, {"format": _FORMAT, "version": "1",
                                         "directed": str(self.directed).lower()})

    def to_scipy(self) -> sparse.csr_array:
        """The adjacency matrix: csr_array of shape (n_nodes, n_nodes), float32, a copy."""
        data = np.ones(len(self.indices), np.float32) if self.weights is None else self.weights.copy()
        matrix = sparse.csr_array((data, self.indices.copy(), self.indptr.copy()),
                                  shape=(self.n_nodes, self.n_nodes))
        matrix.has_canonical_format = True
        return matrix

    def to_networkx(self) -> Any:
        """An nx.Graph, or nx.DiGraph if directed, with the same nodes in the same order.

        Edges carry "weight" only if the graph is weighted.

        Raises
        ------
        ValueError
            If a label is None, which NetworkX does not allow.
        """
        import networkx as nx

        if None in self._labels:
            raise ValueError("None cannot be a node in NetworkX; rename that node first.")
        G = nx.DiGraph() if self.directed else nx.Graph()
        G.add_nodes_from(self.nodes)
        matrix = self.to_scipy().tocoo()
        keep = slice(None) if self.directed else matrix.row <= matrix.col
        source, target = (map(self.nodes.__getitem__, ends[keep].tolist())
                          for ends in (matrix.row, matrix.col))
        if self.weights is None:
            G.add_edges_from(zip(source, target, strict=True))
        else:
            G.add_weighted_edges_from(zip(source, target, matrix.data[keep].tolist(), strict=True))
        return G

    # --- frozen ------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"Graph is frozen: {name!r} cannot be set; build a new Graph instead.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Graph is frozen: {name!r} cannot be deleted; build a new Graph instead.")

    def __copy__(self) -> Graph:
        return self

    def __deepcopy__(self, memo: Any) -> Graph:
        return self

    def __sklearn_clone__(self) -> Graph:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Graph._trusted, (self.indptr, self.indices, self.weights, self._labels, self.directed)

    def __repr__(self) -> str:
        def count(n: int, what: str) -> str:
            return f"{n} {what}" if n == 1 else f"{n} {what}s"

        return (f"Graph({count(self.n_nodes, 'node')}, {count(self.n_edges, 'edge')}, "
                f"{'directed' if self.directed else 'undirected'}, "
                f"{'unweighted' if self.weights is None else 'weighted'})")


def as_graph(X: Any, *, weight: str | None = "weight") -> Graph:
    """Turn anything that is a graph into a `Graph`; the policies are those of `Graph`.

    Parameters
    ----------
    X : graph
        A Graph (returned as it is); a NetworkX graph of any class or a view of one; a square matrix as
        ndarray, nested list, SciPy sparse array or matrix in any format, or anything with `__array__`; a
        square pandas DataFrame, whose index gives the labels; an igraph graph; a PyTorch Geometric
        `Data`.
    weight : str or None, default="weight"
        Edge attribute with the weights, for NetworkX and igraph. None ignores weights there.

    Returns
    -------
    graph : Graph

    Raises
    ------
    TypeError
        If `X` is none of these.
    ValueError
        If `X` is not square, is an (m, 2) array (which could be a list of edges), or breaks a policy.

    Examples
    --------
    >>> as_graph([[0, 1], [1, 0]])
    Graph(2 nodes, 1 edge, undirected, unweighted)
    """
    if isinstance(X, Graph):
        return X
    if _is_networkx(X):
        return Graph.from_networkx(X, weight=weight)
    if _is_igraph(X):
        return Graph.from_igraph(X, weight=weight)
    if _is_pyg(X):
        return Graph.from_pyg(X)
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError(f"X is a graph, not {X!r}; to read a file use Graph.read(path).")
    if X is None or np.ma.isMaskedArray(X) or (isinstance(X, (Mapping, set)) and not sparse.issparse(X)):
        raise TypeError(f"X cannot be a {type(X).__name__}; pass a Graph, a NetworkX graph, a square matrix "
                        "(dense or sparse) or a square DataFrame, or see Graph.from_edges.")
    nodes = _frame_labels(X) if all(hasattr(X, name) for name in ("iloc", "index", "columns")) else None
    if not sparse.issparse(X):
        shape = X.shape if hasattr(X, "shape") else np.shape(np.asarray(X))
        if len(shape) == 2 and shape[1] == 2 and shape[0] not in (0, 2):
            raise ValueError(f"X of shape {tuple(shape)} is ambiguous: it is no square matrix, but could be "
                             "a list of edges. For edges call Graph.from_edges(X[:, 0], X[:, 1]).")
    from sklearn.utils import check_array  # here: importing scikit-learn takes longer than all the rest

    # Its messages are the ones people know; what a bad weight is, and which edge has it, is ours to say.
    X = check_array(X, accept_sparse=True, ensure_all_finite=False, input_name="X")
    if not sparse.issparse(X):  # SciPy refuses dtypes such as float16 and foreign byte orders
        X = sparse.csr_array(X if X.dtype == np.float32 else X.astype(np.float64))
    matrix, labels = _read_sparse(X, nodes)
    return Graph._trusted(*_from_csr(matrix, labels, None))


# --- kinds of input ---------------------------------------------------------------------------------------


def _is_networkx(X: Any) -> bool:
    # An object of a class of NetworkX exists only where NetworkX has been imported.
    nx = sys.modules.get("networkx")
    return nx is not None and isinstance(X, nx.Graph)


def _is_igraph(X: Any) -> bool:
    return all(hasattr(X, name) for name in ("vs", "es", "get_edgelist", "vcount"))


def _is_pyg(X: Any) -> bool:
    return hasattr(X, "edge_index") and hasattr(X, "num_nodes")


def _tensor(x: Any) -> np.ndarray:
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x)


def _frame_labels(df: Any) -> list[Any]:
    index, columns = list(df.index), list(df.columns)
    if index != columns and len(index) == len(columns) and set(index) == set(columns):
        raise ValueError("The DataFrame's columns are the labels of its index in another order; a square "
                         "table must have both in one order: pass df[df.index].")
    return index


def _listed(name: str, labels: Iterable[Any]) -> np.ndarray | list[Any]:
    """Labels as an integer array where they all are ints, else as a list of the objects themselves."""
    if isinstance(labels, (str, bytes)) or np.ma.isMaskedArray(labels) or not isinstance(labels, Iterable):
        raise TypeError(f"{name} must be a sequence of labels; got {labels!r}. For one label pass [label].")
    if isinstance(labels, range):
        return np.array(labels, dtype=np.int64)
    # Not np.asarray of a list: it would turn ['a', 1] into strings.
    if hasattr(labels, "__array__"):
        array = np.asarray(labels)
        if array.ndim != 1:
            raise ValueError(f"{name} must be 1-D; got an array of shape {array.shape}.")
        if array.dtype.kind in "iu":
            return array.astype(array.dtype.newbyteorder("="), copy=False)
        # tolist would turn dates into bare numbers of nanoseconds.
        listed = list(array) if array.dtype.kind in "mM" else array.tolist()
    else:
        listed = list(labels)
    if set(map(type, listed)) == {int} and min(listed) >= -2**63 and max(listed) < 2**63:
        return np.array(listed, dtype=np.int64)
    return listed


def _check_labels(labels: Sequence[Any]) -> None:
    """Raise for labels that cannot be looked up: unhashable, or NaN."""
    if set(map(type, labels)) <= {int, str}:
        return
    for label in labels:
        try:
            hash(label)
        except TypeError:
            raise TypeError(f"labels must be hashable; got {label!r} of type {type(label).__name__}. Use a "
                            "tuple or a string in its place.") from None
        if _has_nan(label):
            raise ValueError(f"{label!r} cannot be a label, because NaN does not equal itself; rename the "
                             "node or drop it.")


def _has_nan(label: Any) -> bool:
    if isinstance(label, tuple):
        return any(map(_has_nan, label))
    # Missing-value markers such as pandas.NA answer a comparison with themselves.
    return type(label).__name__ in ("NAType", "NaTType") or (isinstance(label, (numbers.Number, np.generic))
                                                and bool(label != label))


def _labels_for(n: int, nodes: Labels | Iterable[Any] | None) -> Labels:
    labels = nodes if isinstance(nodes, Labels) else Labels(range(n) if nodes is None else nodes)
    if len(labels) != n:
        raise ValueError(f"nodes must have a label for each of the {n} rows; got {len(labels)}.")
    return labels


def _some(nodes: Sequence[Any]) -> str:
    return ", ".join(map(repr, nodes[:3])) + (", ..." if len(nodes) > 3 else "")


def _column(df: Any, name: Any) -> np.ndarray:
    try:
        column = df[name]
    except Exception as err:  # each library has its own class for this
        known = list(getattr(df, "columns", df) if not hasattr(df, "column_names") else df.column_names)
        raise KeyError(f"the table has no column {name!r}; it has {', '.join(map(repr, known))}.") from err
    array = column if isinstance(column, np.ndarray) else np.empty(0)
    if hasattr(column, "__array__"):
        array = np.asarray(column)
    elif hasattr(column, "to_numpy"):
        array = column.to_numpy()
    else:
        array = np.fromiter(column, dtype=object)
    if array.dtype.kind == "f":
        null = np.isnan(array)
    elif array.dtype.kind in "mM":
        null = np.isnat(array)
    elif array.dtype.kind == "O":
        null = np.fromiter((x is None or _has_nan(x) for x in array), bool,
                           len(array))
    else:
        null = np.zeros(0, dtype=bool)
    if null.any():
        raise ValueError(f"column {name!r} is null in row {int(np.argmax(null))} ({int(null.sum())} nulls in "
                         "all); drop or fill such rows first.")
    return array


# --- labels to numbers ------------------------------------------------------------------------------------


def _number(src: np.ndarray | list[Any], dst: np.ndarray | list[Any],
            nodes: Iterable[Any] | None) -> tuple[Labels, np.ndarray, np.ndarray]:
    """Labels of the nodes, and the row numbers of both ends of every edge."""
    given = None if nodes is None else Labels(nodes)
    if isinstance(src, np.ndarray) and isinstance(dst, np.ndarray) and np.result_type(src, dst).kind in "iu":
        if given is None:
            firsts, codes = _first_appearance(np.stack([src, dst], axis=1).reshape(-1))
            return Labels(firsts), codes[0::2], codes[1::2]
        if isinstance(given.nodes, range):
            return given, _ends("src", src, given), _ends("dst", dst, given)
    src = src.tolist() if isinstance(src, np.ndarray) else src
    dst = dst.tolist() if isinstance(dst, np.ndarray) else dst
    both = list(chain.from_iterable(zip(src, dst, strict=True)))
    _check_labels(both)
    labels = Labels(dict.fromkeys(both)) if given is None else given
    _check_kinds([*labels.nodes, *both])
    return labels, _ends("src", src, labels), _ends("dst", dst, labels)


def _ends(name: str, listed: np.ndarray | list[Any], labels: Labels) -> np.ndarray:
    try:
        return labels.rows(listed)
    except KeyError as err:
        raise ValueError(f"{name} must name nodes only: {err.args[0]} Add it to nodes=, or drop the "
                         "edge.") from None


def _first_appearance(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct ints in order of first appearance, and for each value its number in that order."""
    if len(values) == 0:
        return values, values.astype(np.int32)
    low, high = int(values.min()), int(values.max())
    if high - low <= 4 * len(values) and high < 2**63:
        # A table over the span instead of a sort; written backwards, since the last write to a slot stays.
        offsets = values.astype(np.int64) - low
        first = np.full(high - low + 1, len(values), dtype=np.int64)
        first[offsets[::-1]] = np.arange(len(values) - 1, -1, -1)
        present = np.flatnonzero(first < len(values))
        order = present[np.argsort(first[present])]
        first[order] = np.arange(len(order))
        return order + low, first[offsets]
    unique, start, inverse = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(start)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return unique[order], rank[inverse]


def _check_kinds(labels: list[Any]) -> None:
    """Raise if labels are equal but of different type, so that a dict would merge them."""
    if len(set(map(type, labels)) - {str, bytes, type(None)}) < 2 and tuple not in set(map(type, labels)):
        return
    first: dict[Any, Any] = {}
    for label in labels:
        other = first.setdefault(label, label)
        if other is not label and _kind(other) != _kind(label):
            raise ValueError(f"labels {other!r} and {label!r} are of different type but equal in Python, so "
                             "they would become one node; convert them to one type.")


def _kind(label: Any) -> Any:
    if isinstance(label, tuple):
        return tuple(map(_kind, label))
    return type(label.item() if isinstance(label, np.generic) else label)


# --- weights ----------------------------------------------------------------------------------------------

Edge = Callable[[int], tuple[Any, Any]]  # position of a weight -> the labels of its edge


def _entry(indptr: np.ndarray, indices: np.ndarray, nodes: Sequence[Any]) -> Edge:
    def edge(k: int) -> tuple[Any, Any]:
        return nodes[int(np.searchsorted(indptr, k, side="right")) - 1], nodes[int(indices[k])]

    return edge


def _weights(name: str, values: Any, n: int, edge: Edge) -> np.ndarray:
    """Weights as checked floats, shape (n,): float32 stays, all else becomes float64."""
    if isinstance(values, (str, bytes)) or np.ma.isMaskedArray(values) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must hold one number an edge; got {values!r}.")
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        if array.ndim != 1:
            raise ValueError(f"{name} must be 1-D; got an array of shape {array.shape}.")
        values = array
    else:
        values = list(values)
        array = np.empty(0, dtype=object)
    if len(values) != n:
        raise ValueError(f"{name} must have one value for each of the {n} edges; got {len(values)}.")
    if array.dtype.kind not in "biuf":
        array = _from_objects(values, edge)
    array = array if array.dtype == np.float32 else array.astype(np.float64)
    _check_weights(array, edge)
    return array


def _from_objects(values: Sequence[Any], edge: Edge) -> np.ndarray:
    """Python numbers as float64; numpy would take the string "3" for one."""
    wrong = {kind for kind in set(map(type, values)) if not issubclass(kind, (numbers.Real, np.bool_))}
    if wrong:
        k = next(k for k, value in enumerate(values) if type(value) in wrong)
        raise TypeError(f"Edge {_pair(edge(k))} has weight {values[k]!r} of type {type(values[k]).__name__}; "
                        "a weight must be a real number. Convert it, or pass weight=None.")
    try:
        return np.fromiter(values, np.float64, len(values))
    except OverflowError:
        k = next(k for k, value in enumerate(values) if abs(value) > sys.float_info.max)
        raise ValueError(f"Edge {_pair(edge(k))} has a weight beyond {sys.float_info.max}; rescale the "
                         "weights.") from None


def _check_weights(values: np.ndarray, edge: Edge) -> None:
    """Raise for the first weight that is NaN, infinite or negative."""
    if values.size == 0 or (values.min() >= 0 and values.max() < np.inf):
        return
    k = int(np.argmin(np.isfinite(values) & (values >= 0)))
    where, value = _pair(edge(k)), float(values[k])
    if np.isnan(value):
        raise ValueError(f"Input contains NaN: edge {where} has weight nan; drop it or pass weight=None.")
    if np.isinf(value):
        raise ValueError(f"Input contains infinity: edge {where} has weight {value}; drop it or pass "
                         "weight=None.")
    raise ValueError(f"Negative values in data: edge {where} has weight {value}; weights must be >= 0. Drop "
                     "it, take absolute values, or pass weight=None.")


def _pair(edge: tuple[Any, Any]) -> str:
    return f"({edge[0]!r}, {edge[1]!r})"


# --- adjacency in -----------------------------------------------------------------------------------------


def _read_networkx(G: Any, weight: str | None) -> tuple[sparse.csr_array, Labels]:
    """Adjacency of a NetworkX graph, read in C loops over its dicts."""
    labels = Labels(G)
    rows = list(map(G._adj.__getitem__, labels.nodes))
    if set(map(type, rows)) - {dict}:  # a view, or a class of another make
        rows = [dict(row.items()) for row in rows]
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=indptr[1:])
    ends: Iterable[Any] = chain.from_iterable(rows)
    if not isinstance(labels.nodes, range):
        ends = map(labels.by_label.__getitem__, ends)
    indices = np.fromiter(ends, np.int32, int(indptr[-1]))
    values = methodcaller("values")
    attributes: Iterable[Any] = chain.from_iterable(map(values, rows))
    if G.is_multigraph():
        keys = list(attributes)  # {key: attributes} of each pair
        n_parallel = np.fromiter(map(len, keys), np.int64, len(keys))
        indices = np.repeat(indices, n_parallel)
        indptr = np.concatenate([[0], np.cumsum(n_parallel)])[indptr]
        attributes = chain.from_iterable(map(values, keys))
    if weight is None or not any(held := list(attributes)):
        data = np.ones(len(indices), dtype=np.float32)
    else:
        found = (map(dict.get, held, repeat(weight), repeat(1)) if set(map(type, held)) == {dict}
                 else map(methodcaller("get", weight, 1), held))
        data = _weights("weight", found, len(indices), _entry(indptr, indices, labels.nodes))
    n = len(rows)
    return _own_csr(indptr, indices, data, (n, n)), labels


def _read_sparse(A: Any, nodes: Iterable[Any] | None,
                 weighted: bool = True) -> tuple[sparse.csr_array, Labels]:
    """A checked CSR copy of a sparse matrix, and its labels. Not `weighted`: every entry counts 1."""
    if A.ndim != 2:
        raise ValueError(f"A must be a 2-D matrix; got shape {A.shape}.")
    if A.dtype.kind not in "biuf":
        raise ValueError(f"A must hold real numbers; got dtype {A.dtype}. Complex data not supported.")
    n_rows, n_columns = A.shape
    if max(A.shape) > _MAX_NODES:  # before any array of that length is made
        raise ValueError(f"The matrix has {max(A.shape)} rows or columns; at most 2**31-1 = {_MAX_NODES} nodes fit the "
                         "32-bit node indices. Split the graph, or drop nodes.")
    if A.format in ("csr", "csc", "bsr"):
        sizes = (n_columns, n_rows) if A.format == "csc" else (n_rows, n_columns)
        if A.format == "bsr":
            sizes = (n_rows // A.blocksize[0], n_columns // A.blocksize[1])
        _check_compressed(_integers("indptr", A.indptr), _integers("indices", A.indices), *sizes,
                          n_values=len(A.data))
    elif A.format == "coo":
        for name, ends, size in (("row", A.row, n_rows), ("column", A.col, n_columns)):
            if len(ends) and not (ends.min() >= 0 and ends.max() < size):
                raise ValueError(f"{name} numbers must be in [0, {size}); got {ends.min()} to {ends.max()}.")
    if A.format != "csr":
        # Before the conversion, which may sum duplicates: int8 would wrap, and True + True is True.
        A = interruptible(lambda: A.astype(np.float64).tocsr())
    nnz = int(A.indptr[-1])
    indptr, indices, data = np.asarray(A.indptr), np.asarray(A.indices)[:nnz], np.asarray(A.data)[:nnz]
    if not weighted:
        data = np.ones(nnz, dtype=np.float32)
    labels = None if nodes is None else Labels(nodes)
    named = labels is not None and len(labels) == n_rows == n_columns
    _check_weights(data, _entry(indptr, indices, labels.nodes if labels and named else range(max(A.shape))))
    if n_rows != n_columns:
        raise ValueError(f"An adjacency matrix must be square; got shape {A.shape}. For a bipartite graph "
                         "pass scipy.sparse.block_array([[None, A], [A.T, None]]); for a list of edges see "
                         "Graph.from_edges.")
    return _own_csr(indptr, indices, data, A.shape), _labels_for(n_rows, labels)


def _integers(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ValueError(f"{name} must be integers and 1-D; got {array.dtype} of shape {array.shape}.")
    return array


def _check_compressed(indptr: np.ndarray, indices: np.ndarray, n: int, n_minor: int,
                      n_values: int | None = None) -> None:
    """Raise unless `indptr` and `indices` are compressed rows: `n` of them, with indices below `n_minor`."""
    if n > _MAX_NODES:
        raise ValueError(f"The graph has {n} nodes; at most 2**31-1 = {_MAX_NODES} fit the 32-bit node indices. Split "
                         "it, or drop nodes.")
    if n < 0 or len(indptr) != n + 1 or indptr[0] != 0:
        raise ValueError("indptr must have one number more than there are rows "
                         f"({max(n, 0)}) and begin with 0; got {len(indptr)} numbers"
                         f"{f', the first {indptr[0]}' if len(indptr) else ''}.")
    if (indptr[1:] < indptr[:-1]).any():
        row = int(np.argmax(indptr[1:] < indptr[:-1]))
        raise ValueError(f"indptr must not decrease; it falls from {indptr[row]} to {indptr[row + 1]} "
                         f"at row {row}.")
    n_values = len(indices) if n_values is None else n_values
    if indptr[-1] > len(indices) or n_values != len(indices):
        raise ValueError(f"indptr ends with {indptr[-1]}, but there are {len(indices)} indices and "
                         f"{n_values} values; rebuild the matrix from its row and column numbers.")
    if len(indices) and not (indices.min() >= 0 and indices.max() < n_minor):
        k = int(np.argmax((indices < 0) | (indices >= n_minor)))
        raise ValueError(f"indices must be in [0, {n_minor}); indices[{k}] is {indices[k]}.")


def _own_csr(indptr: np.ndarray, indices: np.ndarray, data: np.ndarray,
             shape: tuple[int, int]) -> sparse.csr_array:
    """A fresh CSR array: rows sorted, duplicates summed in float64; nothing shared with the arguments."""
    data = np.array(data, dtype=np.float32 if data.dtype == np.float32 else np.float64)
    wide = np.int64 if len(indices) > _MAX_NODES else np.int32
    matrix = sparse.csr_array((data, np.array(indices, wide), np.array(indptr, wide)), shape=shape)
    return interruptible(lambda: _canonical(matrix))


def _canonical(matrix: sparse.csr_array) -> sparse.csr_array:
    if not matrix.has_canonical_format:
        matrix.sort_indices()
        if not matrix.has_canonical_format:
            matrix = matrix.astype(np.float64)
            matrix.sum_duplicates()
    return matrix


def _from_csr(matrix: sparse.csr_array, labels: Labels, directed: bool | None, *,
              symmetric: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, Labels, bool]:
    """The fields of a Graph from a canonical matrix that it may take over."""
    matrix, zeros = _without_zeros(matrix)
    if not directed and not symmetric:
        difference = interruptible(lambda: _asymmetry(matrix.indptr, matrix.indices, matrix.data))
        if difference > _ROUNDING:
            if directed is False:
                _raise_asymmetric(matrix, labels)
            directed = True
        elif difference > 0:
            matrix = interruptible(lambda: (0.5 * (matrix + matrix.T)).tocsr())
    if len(zeros):
        count = len(zeros) if directed else len(np.unique(np.sort(zeros, axis=1), axis=0))
        warnings.warn(f"{count} edge{'s' if count > 1 else ''} of weight 0 dropped, the first between "
                      f"{labels.nodes[zeros[0, 0]]!r} and {labels.nodes[zeros[0, 1]]!r}; the nodes stay.",
                      stacklevel=4)
    with np.errstate(over="ignore", under="ignore"):
        weights = matrix.data.astype(np.float32, copy=False)
    bad = np.isinf(weights) | (weights == 0)
    if bad.any():
        k = int(np.argmax(bad))
        where = _pair(_entry(matrix.indptr, matrix.indices, labels.nodes)(k))
        raise ValueError(f"Edge {where} has weight {matrix.data[k]}, which is {weights[k]} in float32; "
                         "weights must be within [1.4e-45, 3.4e38]. Rescale them.")
    return (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False),
            None if (weights == 1).all() else weights, labels, bool(directed))


def _without_zeros(matrix: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray]:
    """The matrix without stored zeros, and the (row, column) of each, shape (n_zeros, 2)."""
    if matrix.data.all():
        return matrix, np.empty((0, 2), dtype=np.int64)
    where = matrix.tocoo()
    zero = where.data == 0
    zeros = np.stack([where.row[zero], where.col[zero]], axis=1)
    matrix.eliminate_zeros()
    return matrix, zeros


def _check_canonical(indptr: np.ndarray, indices: np.ndarray) -> None:
    rising = np.ones(len(indices) + 1, dtype=bool)
    rising[1:-1] = indices[1:] > indices[:-1]
    rising[indptr] = True  # where a row begins anything goes
    if not rising.all() or indptr[-1] != len(indices):
        raise ValueError("indices must be sorted in each row, without duplicates")


def _asymmetry(indptr: np.ndarray, indices: np.ndarray, data: np.ndarray | None,
               block: int = 2**22) -> float:
    """Largest relative difference of a canonical matrix from its transpose; inf if a mirror entry is missing.

    Taken a block of rows at a time: transposing all at once would double the memory. The transposed block
    lists, for each node j, the rows i of the block that point to j, in rising order; in a symmetric matrix
    these are the next entries of row j itself.
    """
    n, worst = len(indptr) - 1, 0.0
    cursor = np.asarray(indptr[:-1]).astype(np.int64)
    block = max(n, block)  # entries; fewer than n would make the transposition itself the cost
    start = 0
    while start < n:
        stop = max(start + 1, int(np.searchsorted(indptr, indptr[start] + block, side="right")) - 1)
        low, high = int(indptr[start]), int(indptr[stop])
        values = np.arange(low, high)  # carries each entry's position through the transposition
        part = sparse.csr_array((values, indices[low:high], indptr[start:stop + 1] - indptr[start]),
                                shape=(stop - start, n)).tocsc()
        counts = np.diff(part.indptr)
        if (cursor + counts > indptr[1:]).any():
            return np.inf
        mirror = np.repeat(cursor - part.indptr[:-1], counts) + np.arange(high - low)
        if (indices[mirror] != part.indices + start).any():
            return np.inf
        if data is not None and high > low:
            one, other = data[mirror].astype(np.float64), data[part.data].astype(np.float64)
            worst = max(worst, float(np.max(np.abs(one - other) / np.maximum(one, other))))
        cursor += counts
        start = stop
    return worst


def _raise_asymmetric(matrix: sparse.csr_array, labels: Labels) -> NoReturn:
    transposed = matrix.T.tocsr()
    difference = (abs(matrix - transposed) > _ROUNDING * matrix.maximum(transposed)).tocoo()
    k = np.lexsort((difference.col, difference.row))[0]
    i, j = int(difference.row[k]), int(difference.col[k])
    raise ValueError(f"directed=False needs a symmetric matrix; {_pair((labels.nodes[i], labels.nodes[j]))} "
                     f"has weight {float(matrix[i, j])}, its reverse {float(matrix[j, i])}. "
                     "Pass directed=True, or A + A.T.")
