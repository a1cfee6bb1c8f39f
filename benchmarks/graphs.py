"""Graphs to measure on, and scores that others published on them."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

from scipy import sparse

from graphemb import Graph, datasets


def available() -> list[str]:
    """Names of the real graphs that can be read here."""
    return datasets.available()


def load(name: str) -> tuple[Graph, sparse.csr_array | None]:
    """A graph of `graphemb.datasets` and its labels, None where it has none."""
    found = datasets.load(name)
    return found.graph, found.labels


def published(name: str, method: str, metric: str, train_size: float | str,
              task: str = "node classification") -> list[tuple[float, str]]:
    """Scores in per cent that others published, with their source.

    Read from PUBLISHED.tsv beside the real graphs; rows of another protocol or of another method's
    variant (``node2vec+``, a fixed q) do not match; ``"any"`` is every method. Empty where nothing is known.
    """
    found = []
    for row in published_rows():
        same = method == "any" or re.fullmatch(rf"{re.escape(method)}( \(.*\))?", row["method"], re.IGNORECASE)
        if (row["dataset"], row["task"]) == (name, task) and same \
                and row["metric"] in (metric, f"{metric} %") \
                and row["train_ratio"] == (train_size if isinstance(train_size, str) else f"{train_size:.0%}"):
            value = float(row["value"]) * (1 if row["metric"].endswith("%") else 100)
            found.append((round(value, 2), f"{row['method']}, {row['source_table']}"))
    return found


def published_rows() -> list[dict[str, str]]:
    """Every row of PUBLISHED.tsv; none where the folder of real graphs has no such file."""
    folder = os.environ.get(datasets.FOLDER)
    path = Path(folder or os.devnull) / "PUBLISHED.tsv"
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))
