"""The commands of the page on the command line run, one after the other."""

import re
import shlex
from pathlib import Path

import pytest

from graphemb import cli

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_commands_of_the_page_run(tmp_path, monkeypatch, capsys):
    import networkx as nx

    monkeypatch.chdir(tmp_path)
    G = nx.les_miserables_graph()
    Path("edges.csv").write_text("".join(f"{u},{v}\n" for u, v in G.edges))
    Path("classes.tsv").write_text("".join(f"{u}\t{i % 2}\n" for i, u in enumerate(G)))
    text = re.search(r"```sh\n(.*?)```", (DOCS / "command-line.md").read_text(encoding="utf-8"), re.S)
    assert text
    lines = [line for line in text[1].splitlines() if line.startswith("graphemb ")]
    assert len(lines) == 8
    for line in lines:
        if " plot " in line:
            pytest.importorskip("matplotlib")
        assert cli.main(shlex.split(line)[1:]) == 0, line
