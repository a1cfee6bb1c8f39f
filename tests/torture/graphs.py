"""No graph crashes a fit: the table of `nasty`, whole, then graphs that Hypothesis makes, of any shape and any weight.

    python tests/torture/graphs.py [--examples 10000] [--seed N]

Takes about 20 minutes.

Each example is a graph and an estimator with settings; its four forms must be refused alike, or give the same bytes.
"""
from __future__ import annotations

import argparse
import collections
import os
import sys
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from nasty import ESTIMATORS, FORMS, REFUSED, SOUND, Edges, dense, fit, make

counts: collections.Counter[str] = collections.Counter()


def check(cls: type, graph: Edges, **given_settings: Any) -> None:
    results = {form: fit(make(cls, **given_settings), form, graph) for form in FORMS}
    A = dense(graph)
    alike = [["dense", "CSR"], ["NetworkX", "edge list"]] if graph.directed and np.array_equal(A, A.T) else [[*FORMS]]
    if not all(weight >= 0 for *_, weight in graph.edges):
        alike = [["CSR", "NetworkX", "edge list"]]  # the dense one has sums, which need not be negative
    for forms in alike:  # a symmetric matrix cannot say that it is directed
        one, *others = (results[form] for form in forms)
        for other in others:
            if isinstance(one, str) != isinstance(other, str) or not (isinstance(one, str) or np.array_equal(one, other)):
                raise AssertionError(f"{cls.__name__} {given_settings} {graph}: {results}")
    counts["refused" if isinstance(results["dense"], str) else "embedded"] += 1


@st.composite
def graphs(draw: st.DrawFn) -> Edges:
    n = draw(st.integers(1, 12))
    end = st.integers(0, n - 1)
    weight = draw(st.sampled_from([
        st.just(1.0), st.integers(0, 3).map(float), st.floats(0.1, 10), st.floats(0, 2.0**127, width=32),
        st.floats(), st.sampled_from([1e-45, 1e-38, 1.0, 1e38])]))
    return Edges(n, draw(st.lists(st.tuples(end, end, weight), max_size=30)), draw(st.booleans()))


any_settings = st.fixed_dictionaries({}, optional={
    "n_components": st.integers(1, 20), "walk_length": st.integers(1, 12), "n_walks": st.integers(1, 3),
    "window": st.integers(1, 12), "n_negative": st.integers(1, 4), "p": st.floats(0.01, 100), "q": st.floats(0.01, 100),
    "n_epochs": st.integers(1, 2), "subsample": st.sampled_from([0.0, 1e-3]), "ns_exponent": st.floats(-1, 2),
    "n_jobs": st.sampled_from([1, 2]), "extend": st.booleans(), "deterministic": st.just(True),
    "random_state": st.integers(0, 2**32 - 1)})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="other examples than the usual ones, which are always the same")
    asked = parser.parse_args()
    for cls in ESTIMATORS:
        for graph in [*SOUND.values(), *(graph for graph, _ in REFUSED.values())]:
            check(cls, graph)
    print(f"the table: {sum(counts.values())} of graph and estimator, each in {len(FORMS)} forms: "
          f"{counts['embedded']} vectors, all finite; {counts['refused']} errors with a message", flush=True)
    counts.clear()

    @settings(max_examples=asked.examples, deadline=None, derandomize=asked.seed is None, database=None,
              suppress_health_check=list(HealthCheck))
    @given(graphs(), st.sampled_from(ESTIMATORS), any_settings)
    def examples(graph: Edges, cls: type, with_settings: dict[str, Any]) -> None:
        check(cls, graph, **with_settings)

    if asked.seed is not None:
        from hypothesis import seed

        examples = seed(asked.seed)(examples)
    examples()
    print(f"generated: {sum(counts.values())} examples, each in {len(FORMS)} forms: {counts['embedded']} vectors, "
          f"all finite; {counts['refused']} errors with a message")
