"""The benchmark suite: one harness (`measure`, `graphs`), one thin `bench_*` module a question."""
