"""Graph: frozen CSR with node labels; as_graph: the one door for every kind of input."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, NoReturn

import numpy as np
from scipy import sparse

from graphemb import edge_lists, graph_files, io
from graphemb._validation import check_bool
from graphemb.adjacency import (
    asymmetry,
    check_canonical,
    check_compressed,
    check_integers,
    check_kind,
    check_weights,
    checked_weights,
    edge_at,
    from_pairs,
    graph_fields,
    own_csr,
    read_sparse,
)
from graphemb.foreign import as_array, column, frame_labels, is_dgl, is_igraph, is_networkx, is_pyg, read_networkx
from graphemb.labels import Labels, labels_for, list_labels, number_ends

_FORMAT = "graphemb.Graph"


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
        indptr, indices = check_integers("indptr", indptr), check_integers("indices", indices)
        n = len(indptr) - 1
        check_compressed(indptr, indices, n, n)
        if indptr[-1] != len(indices):
            raise ValueError(f"indptr ends with {indptr[-1]}, but there are {len(indices)} indices.")
        labels = labels_for(n, nodes)
        data = np.ones(len(indices), np.float32)
        if weights is not None:
            data = checked_weights("weights", weights, len(indices), edge_at(indptr, indices, labels.nodes))
        self._fill(*graph_fields(own_csr(indptr, indices, data, (n, n)), labels, directed))

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
        if not is_networkx(G):
            raise TypeError(f"from_networkx needs a NetworkX graph; got {type(G).__name__}. "
                            "graphemb.graph.as_graph takes other kinds.")
        return cls._trusted(*graph_fields(*read_networkx(G, weight), G.is_directed()))

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
        return cls._trusted(*graph_fields(*read_sparse(A, nodes), directed))

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
        source, target = list_labels("src", src), list_labels("dst", dst)
        if len(source) != len(target):
            raise ValueError("src and dst must have one length; "
                             f"got {len(source)} sources and {len(target)} targets.")
        return cls._numbered(*number_ends(source, target, nodes), weight, directed)

    @classmethod
    def _numbered(cls, labels: Labels, i: np.ndarray, j: np.ndarray, weight: Iterable[Any] | None,
                  directed: bool) -> Graph:
        """From the row numbers of both ends of every edge."""
        data = np.ones(len(i), np.float32)
        if weight is not None:
            data = checked_weights("weight", weight, len(i), lambda k: (labels.nodes[i[k]], labels.nodes[j[k]]))
        return cls._trusted(*graph_fields(from_pairs(i, j, data, len(labels), directed), labels, directed,
                                          symmetric=not directed))

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
        values = None if weight is None else column(df, weight)
        return cls.from_edges(column(df, source), column(df, target), values, nodes=nodes,
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
        if not is_igraph(g):
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
        if not is_pyg(data):
            raise TypeError(f"from_pyg needs a Data object with edge_index and num_nodes; "
                            f"got {type(data).__name__}.")
        index = as_array(data.edge_index)
        n = int(data.num_nodes)
        if index.ndim != 2 or index.shape[0] != 2 or index.dtype.kind not in "iu":
            raise ValueError("edge_index must be integers of shape (2, n_edges); "
                             f"got {index.dtype} of shape {index.shape}.")
        outside = (index < 0) | (index >= n)
        if outside.any():
            raise ValueError(f"edge_index names node {index[outside][0]}; num_nodes is {n}.")
        values = getattr(data, weight, None) if weight is not None else None
        plain = cls.from_edges(index[0], index[1], None if values is None else as_array(values),
                               nodes=range(n), directed=True)
        return cls.from_scipy(plain.to_scipy())

    @classmethod
    def from_dgl(cls, g: Any, weight: str | None = "weight") -> Graph:
        """Build from a DGL graph with one kind of node and of edge.

        Parameters
        ----------
        g : dgl.DGLGraph
            Its edges have a direction; as in `from_pyg` a symmetric one gives an undirected graph.
        weight : str or None, default="weight"
            Name in `g.edata`; every edge weighs 1 if it is absent or None.

        Returns
        -------
        graph : Graph
            Labels are 0..num_nodes-1.

        Raises
        ------
        TypeError
            If `g` is no DGL graph.
        ValueError
            If it has several kinds of nodes or edges, or a weight breaks the policies of `Graph`.
        """
        if not is_dgl(g):
            raise TypeError(f"from_dgl needs a DGL graph; got {type(g).__name__}.")
        if len(g.ntypes) != 1 or len(g.etypes) != 1:
            raise ValueError(f"from_dgl takes one kind of node and of edge; got {g.ntypes} and {g.etypes}. Pass "
                             "dgl.to_homogeneous(g).")
        src, dst = map(as_array, g.edges())
        values = as_array(g.edata[weight]) if weight is not None and weight in g.edata else None
        plain = cls.from_edges(src, dst, values, nodes=range(int(g.num_nodes())), directed=True)
        return cls.from_scipy(plain.to_scipy())

    @classmethod
    def read(cls, path: io.PathLike | BinaryIO, *, format: str | None = None, directed: bool | None = None,
             weight: str | None = "weight", delimiter: str | None = None, header: bool | None = None,
             columns: Sequence[int | str] | None = None) -> Graph:
        """Read a graph from a file.

        Parameters
        ----------
        path : str, path-like or binary file object
            "-" is standard input. A name that ends in .gz or .zst is unpacked (.zst needs zstandard, before
            Python 3.14).
        format : str, optional
            None: by the suffix, a final .gz or .zst aside; standard input holds edges.

            - "edges" (.csv, .tsv, .txt, .edges, .edgelist, .dat, .ncol): see Notes;
            - "matrix_market" (.mtx): a square matrix;
            - "npz": `scipy.sparse.save_npz`, or arrays `indptr`, `indices` and, where there are any, `data`,
              `directed`, `node_names` (labels), `self_loop_nodes` and `self_loop_weights` (entries of the
              diagonal that `indices` leaves out);
            - "graphml", "gml": through NetworkX;
            - "metis" (.metis, .graph): labels are the file's own numbers, from 1;
            - "parquet", "arrow" (.arrow, .feather): a table with a row an edge; need pyarrow;
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
            Edge lists, Parquet and Arrow: positions or header names of source, target and, if wanted, weight.
            None: the file has two or three columns, in this order.

        Returns
        -------
        graph : Graph

        Raises
        ------
        ValueError
            If the file is malformed (the line is named), or breaks a policy of `Graph`.
        ImportError
            If the file is Parquet or Arrow and pyarrow is not installed, or .zst and zstandard is not.

        Notes
        -----
        An edge list has an edge a line, as UTF-8 text, packed or not. Lines that begin with # or % are
        comments, empty ones are skipped. Labels are ints if every one is written as Python writes an int
        ("007" is not), else all are strings. Blanks around a field are not part of it.
        """
        directed = None if directed is None else check_bool("directed", directed)
        kind, name = graph_files.format_of(path, format), io.name_of(path)
        if kind == "edges":
            edges = edge_lists.read_edges(path, delimiter=delimiter, header=header, columns=columns)
            values = edges.weight if weight is not None else None
            if edges.words is None:
                return cls.from_edges(edges.src, edges.dst, values, directed=bool(directed))
            return cls._numbered(Labels(edges.words), edges.src, edges.dst, values, bool(directed))
        if delimiter is not None or header is not None or (columns is not None and kind not in ("parquet", "arrow")):
            raise ValueError(f"delimiter, header and columns are for edge lists; {name} is read as {kind}.")
        if kind in ("parquet", "arrow"):
            table = graph_files.read_table(path, columns, kind)
            third = table.column_names[2] if weight is not None and table.num_columns == 3 else None
            source, target = table.column_names[:2]
            return cls.from_dataframe(table, source, target, third, directed=bool(directed))
        if kind in ("npz", "safetensors") and (path == "-" or hasattr(path, "read")):
            raise ValueError(f"{name}: {kind} is read from a file, not from a stream; give its path.")
        if kind == "matrix_market":
            matrix, labels = read_sparse(graph_files.read_matrix_market(path), None, weight is not None)
            return cls._trusted(*graph_fields(matrix, labels, directed))
        if kind == "npz":
            graph = cls._from_npz(name, io.read_npz(name), directed, weight is not None)
        elif kind == "metis":
            indptr, indices, values = graph_files.read_metis(path)
            graph = cls(indptr, indices, values if weight is not None else None,
                        nodes=range(1, len(indptr)))
        elif kind == "safetensors":
            graph = cls.load(name)
            if weight is None:
                graph = cls._trusted(graph.indptr, graph.indices, None, graph._labels, graph.directed)
        else:
            graph = cls.from_networkx(graph_files.read_xml_or_gml(path, kind), weight)
        if directed not in (None, graph.directed):
            raise ValueError(f"directed={directed}, but {name} holds {'a' if graph.directed else 'an un'}"
                             f"{' ' if graph.directed else ''}directed graph; leave directed= out.")
        return graph

    @classmethod
    def _from_npz(cls, name: str, arrays: Mapping[str, np.ndarray], directed: bool | None,
                  weighted: bool) -> Graph:
        if "format" in arrays:
            matrix, labels = read_sparse(graph_files.read_sparse_npz(name), None, weighted)
            return cls._trusted(*graph_fields(matrix, labels, directed))
        if not {"indptr", "indices"} <= set(arrays):
            raise ValueError(f"{name} has no arrays indptr and indices; it has {', '.join(sorted(arrays))}.")
        indptr, indices = check_integers("indptr", arrays["indptr"]), check_integers("indices", arrays["indices"])
        n = len(indptr) - 1
        check_compressed(indptr, indices, n, n)
        data = arrays.get("data", np.ones(len(indices)))
        if data.shape != indices.shape or data.dtype.kind not in "biuf":
            raise ValueError(f"{name}: data must be {len(indices)} numbers; "
                             f"got {data.dtype} of shape {data.shape}.")
        loops = check_integers("self_loop_nodes", arrays.get("self_loop_nodes", np.empty(0, int)))
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
        matrix, labels = read_sparse(matrix, arrays.get("node_names"), weighted)
        return cls._trusted(*graph_fields(matrix, labels, directed if flag is None else bool(flag)))

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
            check_compressed(indptr, indices, n, n)
            labels = Labels(io.decode_labels(tensors, n, path))
            check_canonical(indptr, indices)
            if weights is not None:
                if len(weights) != len(indices):
                    raise ValueError(f"{len(weights)} weights for {len(indices)} entries")
                check_weights(weights, edge_at(indptr, indices, labels.nodes))
                if not weights.all():
                    raise ValueError("a weight is 0")
            if metadata["directed"] == "false" and asymmetry(indptr, indices, weights) != 0:
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
    if is_networkx(X):
        return Graph.from_networkx(X, weight=weight)
    if is_igraph(X):
        return Graph.from_igraph(X, weight=weight)
    if is_pyg(X):
        return Graph.from_pyg(X)
    if is_dgl(X):
        return Graph.from_dgl(X, weight=weight)
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError(f"X is a graph, not {X!r}; to read a file use Graph.read(path).")
    if X is None or np.ma.isMaskedArray(X) or (isinstance(X, (Mapping, set)) and not sparse.issparse(X)):
        raise TypeError(f"X cannot be a {type(X).__name__}; pass a Graph, a NetworkX graph, a square matrix "
                        "(dense or sparse) or a square DataFrame, or see Graph.from_edges.")
    nodes = frame_labels(X) if all(hasattr(X, name) for name in ("iloc", "index", "columns")) else None
    if not sparse.issparse(X):
        shape = X.shape if hasattr(X, "shape") else np.shape(np.asarray(X))
        if len(shape) == 2 and shape[1] == 2 and shape[0] not in (0, 2):
            raise ValueError(f"X of shape {tuple(shape)} is ambiguous: it is no square matrix, but could be "
                             "a list of edges. For edges call Graph.from_edges(X[:, 0], X[:, 1]).")
    from sklearn.utils import check_array  # here: importing scikit-learn takes longer than all the rest

    # Its messages are the ones people know; what a bad weight is, and which edge has it, is ours to say.
    X = check_array(X, accept_sparse=True, ensure_all_finite=False, input_name="X")
    check_kind(X)
    if not sparse.issparse(X):  # SciPy refuses dtypes such as float16 and foreign byte orders
        X = sparse.csr_array(X if X.dtype == np.float32 else X.astype(np.float64))
    matrix, labels = read_sparse(X, nodes)
    return Graph._trusted(*graph_fields(matrix, labels, None))
