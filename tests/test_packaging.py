"""What is promised outside the code: metadata, the documents, the two commands."""
import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import networkx as nx
import pytest

import graphemb

ROOT = Path(__file__).resolve().parent.parent
if not (ROOT / "Makefile").exists():
    pytest.skip("not a source tree", allow_module_level=True)

PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads(PYPROJECT_TEXT)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def name_of(requirement):
    return re.match(r"[\w-]+", requirement)[0]


def test_version_is_said_once_and_the_same():
    assert graphemb.__version__ == PYPROJECT["project"]["version"]


def test_dependencies_are_the_ones_agreed_on():
    assert {name_of(r) for r in PYPROJECT["build-system"]["requires"]} == {"setuptools", "Cython"}
    runtime = {name_of(r): r for r in PYPROJECT["project"]["dependencies"]}
    assert runtime.keys() == {"numpy", "scipy", "networkx", "scikit-learn", "gensim"}
    assert runtime["gensim"].endswith("; python_version < '3.14'")


def test_each_dependency_has_its_reason_beside_it():
    lists = [PYPROJECT["build-system"]["requires"], PYPROJECT["project"]["dependencies"],
             *PYPROJECT["project"]["optional-dependencies"].values()]
    for requirement in (r for requirements in lists for r in requirements):
        lines = [line for line in PYPROJECT_TEXT.splitlines() if f'"{requirement}"' in line]
        assert lines
        assert all("# " in line for line in lines), requirement


def test_every_package_is_installed_with_its_types():
    folders = {path.parent.relative_to(ROOT).as_posix().replace("/", ".")
               for path in (ROOT / "graphemb").rglob("__init__.py")}
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == folders
    assert (ROOT / "graphemb" / "py.typed").exists()
    assert {"py.typed", "*.pyi"} <= set(PYPROJECT["tool"]["setuptools"]["package-data"]["graphemb"])


def test_the_build_knows_every_kernel_and_is_portable():
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    for path in (ROOT / "ext").iterdir():
        if path.suffix == ".pyx":
            assert f'"{path.stem.removeprefix("_")}"' in setup, path.name
        elif path.suffix == ".c":
            assert f'"{path.name}"' in setup, f"{path.name} is not built"
        elif path.suffix in {".h", ".pxd"}:
            assert f'glob("*{path.suffix}")' in setup, f"changing {path.name} would rebuild nothing"
        text = path.read_text(encoding="utf-8")
        assert not re.search("-march=native|-ffast-math|omp parallel", setup + text), path.name


def test_manifest_packs_the_sources():
    manifest = (ROOT / "MANIFEST.in").read_text(encoding="utf-8")
    assert {"graft ext", "graft tests", "prune build"} <= set(manifest.splitlines())


def test_licence_is_bsd_3():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "BSD 3-Clause License" in text
    assert "graphemb developers" in text
    assert "Neither the name" in text
    assert PYPROJECT["project"]["license"] == "BSD-3-Clause"


def test_readme_example_runs_and_prints_what_it_says(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    variables = {}
    exec(compile(blocks[0], "README.md", "exec"), variables)
    assert variables["Z"].shape == (77, 64)
    assert variables["Z"].dtype == "float32"
    promised = re.findall(r"^0\.\d\d  (\w+)$", README, re.M)
    printed = re.findall(r"^0\.\d\d  (\w+)$", capsys.readouterr().out, re.M)
    assert len(promised) == len(printed) == 5
    # The last bits of training differ between instruction sets, so the fifth place may.
    assert len(set(promised) & set(printed)) >= 4


def test_readme_names_what_exists():
    methods = re.findall(r"^\| `(\w+)`", README, re.M)
    assert set(methods) >= {"DeepWalk", "Node2Vec", "LocallyLinearEmbedding"}
    for name in [*methods, *re.findall(r"from graphemb import ([\w, ]+)", README)[0].split(", ")]:
        assert name in graphemb.__all__
    for block in re.findall(r"```python\n(.*?)```", README, re.S):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "graphemb":
                assert {alias.name for alias in node.names} <= set(graphemb.__all__)
    for target in re.findall(r"\]\(((?!http)[^)]+)\)", README):
        assert (ROOT / target).exists(), target


def quickstart(*arguments):
    pytest.importorskip("matplotlib", reason="the plot extra is not installed")
    return subprocess.run([sys.executable, str(ROOT / "examples" / "quickstart.py"), *map(str, arguments)],
                          capture_output=True, text=True, encoding="utf-8",
                          env={**os.environ, "PYTHONIOENCODING": "utf-8",
                               "PYTHONPATH": str(Path(graphemb.__file__).parent.parent)})


def assert_picture(path):
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size > 10_000


def test_quickstart_on_les_miserables(tmp_path):
    done = quickstart("--picture", tmp_path / "map.png")
    assert done.returncode == 0, done.stderr
    assert "77 nodes, 254 edges" in done.stdout
    near = re.search(r"Nearest to Valjean, by cosine:\n((?:  .+\n){5})", done.stdout)[1]
    network = nx.les_miserables_graph()
    assert "Toussaint" in near  # his servant, who meets few others
    assert sum(line.split()[1] in network["Valjean"] for line in near.splitlines()) >= 3
    score, baseline = map(float, re.findall(r"^  (0\.\d+) .*right", done.stdout, re.M))
    assert score > baseline + 0.3
    assert_picture(tmp_path / "map.png")


def test_quickstart_on_a_file(tmp_path):
    graph = nx.connected_caveman_graph(12, 8)
    edges = tmp_path / "my edges.csv"
    edges.write_text("source,target\n" + "".join(f"n{u},n{v}\n" for u, v in graph.edges))
    done = quickstart(edges, "--picture", tmp_path / "map.png")
    assert done.returncode == 0, done.stderr
    assert f"96 nodes, {graph.number_of_edges()} edges" in done.stdout
    assert "Nearest to n" in done.stdout
    auc = float(re.search(r"(\d\.\d+) by the cosine", done.stdout)[1])
    assert auc > 0.8
    assert_picture(tmp_path / "map.png")


def test_quickstart_without_enough_edges_to_hide(tmp_path):
    edges = tmp_path / "few.csv"
    edges.write_text("source,target\na,b\nb,c\n")
    done = quickstart(edges, "--picture", tmp_path / "map.png")
    assert done.returncode == 0, done.stderr
    assert "Too few edges" in done.stdout


@pytest.fixture
def tree(tmp_path):
    """The Makefile beside an environment that looks finished."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "ext", tmp_path / "ext")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("bin/python", ".with-test", ".with-plot"):
        (tmp_path / ".venv" / name).touch()
    return tmp_path


def make(tree, *arguments, **environment):
    """What make prints; the variables of a make around this test are none of its business."""
    ours = {"GRAPH", "GRAPHEMB_DATA", "QUICK", "VENV", "PYTHON", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(["make", *arguments], cwd=tree, capture_output=True, text=True, check=True,
                          env={**clean, **environment}).stdout


def test_make_builds_again_when_a_kernel_changed(tree):
    assert "--editable" not in make(tree, "-n", "test")
    later = (tree / ".venv" / ".with-test").stat().st_mtime + 10
    os.utime(next((tree / "ext").glob("*.h")), (later, later))
    built = make(tree, "-n", "test")
    assert "--editable '.[test]'" in built
    assert built.index("--editable") < built.index("-m pytest")


def test_make_hands_the_graph_on(tree):
    (tree / "examples").mkdir()
    (tree / "examples" / "quickstart.py").touch()
    python = tree / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\nfor argument in "$@"; do echo "[$argument]"; done\n')
    python.chmod(0o755)
    for given, environment in [([], {}), (["GRAPH=a b.csv"], {}), ([], {"GRAPH": "a b.csv"})]:
        shown = make(tree, "-s", "quickstart", *given, **environment).split("\n")
        assert shown[:2] == ["[examples/quickstart.py]", "[a b.csv]" if given or environment else ""]


def test_ci_script_is_sound():
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip("not a git checkout")
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    if bash := shutil.which("bash"):
        subprocess.run([bash, "-n", str(script)], check=True)
