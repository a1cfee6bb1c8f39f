"""The rooms of the house: which module may import which, and what the kernels' signatures promise."""
import ast
import importlib
import inspect
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import graphemb

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "graphemb"
MODULES = sorted(SOURCE.rglob("*.py"))
KERNELS = sorted((ROOT / "ext").glob("*.pyx"))

# From the top down. A module imports from lower layers only: not from a higher one, not from its own.
LAYERS = [
    ["__main__"],
    ["cli"],
    ["plot", "compat"],
    ["_explorer"],
    ["_plane"],
    ["tuning"],
    ["evaluate", "datasets", "pipeline", "verify", "presets"],
    ["estimators"],
    ["restart", "temporal", "metapath", "samplers"],
    ["forecast"],
    ["walks", "skipgram", "proximity", "spectrum", "alignment", "links", "rotation"],
    ["embedding", "temporal_graph"],
    ["graph"],
    ["foreign"],
    ["adjacency"],
    ["labels", "vector_files"],
    ["edge_lists", "graph_files"],
    ["io"],
    ["_krylov", "_product"],
    ["_aligned", "_parallel", "_random", "_validation"],
    ["_walks", "_temporal", "_sgns", "_spmm", "_text"],
]
LEVEL = {name: len(LAYERS) - i for i, names in enumerate(LAYERS) for name in names}
# `Embedding.plot` is a promise of the interface; it looks the picture up when it is asked for one.
ALLOWED = {("embedding", "plot")}
NEVER_AT_IMPORT = {"gensim", "matplotlib", "torch", "pandas", "polars", "umap", "igraph", "torch_geometric",
                   "pyarrow", "zstandard", "usearch", "pooch"}


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def identify(path):
    return path.relative_to(SOURCE).as_posix()


def imports_of(path, node):
    """Dotted names inside graphemb that one import statement reaches, `estimators._base` for example."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
        return [name.removeprefix("graphemb.") for name in names if name.split(".")[0] == "graphemb"]
    package = ["graphemb", *path.relative_to(SOURCE).parent.parts]
    base = package[:len(package) - node.level + 1] if node.level else []
    base += node.module.split(".") if node.module else []
    if base == ["graphemb", "estimators"]:
        return [f"estimators.{alias.name}" for alias in node.names]
    if base[:1] != ["graphemb"]:
        return []
    if base[1:]:
        return [".".join(base[1:])]
    return [alias.name for alias in node.names]


def arrows(path):
    """What this file imports from graphemb, type checking aside."""
    typing_only = {
        statement.lineno for node in ast.walk(tree(path))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" for statement in node.body
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno not in typing_only:
            for name in imports_of(path, node):
                yield node.lineno, name


def layer_of(name):
    return name.split(".")[0]


def shelf(estimator):
    """Methods stand side by side on what their family shares (`_walk_based`), that on what all share."""
    return 0 if estimator == "_base" else 1 if estimator.startswith("_") else 2


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "__init__.py"], ids=identify)
def test_arrows_point_down_only(path):
    own = layer_of(path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", "."))
    assert own in LEVEL, f"{identify(path)} has no place in the layers; give it one"
    wrong = []
    for line, name in arrows(path):
        target = layer_of(name)
        if target not in LEVEL:
            wrong.append(f"line {line}: graphemb.{name} is no module of a layer; import from where it lives")
        elif own == target == "estimators":
            if shelf(name.split(".")[1]) >= shelf(path.stem):
                wrong.append(f"line {line}: {path.name} imports {name}, which is not below it")
        elif LEVEL[target] >= LEVEL[own] and (own, target) not in ALLOWED:
            wrong.append(f"line {line}: {own} imports {target}, which is not below it")
    assert not wrong, "\n".join(wrong)


def test_an_arrow_that_points_up_is_seen(tmp_path, monkeypatch):
    (tmp_path / "estimators").mkdir()
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    for place, code in [("io.py", "from .graph import Graph"),
                        ("graph.py", "def f():\n    from . import walks"),
                        ("walks.py", "import graphemb.skipgram"), ("graph.py", "from . import Graph"),
                        ("estimators/lle.py", "from .deepwalk import DeepWalk"),
                        ("estimators/lle.py", "from ..plot import plot")]:
        (tmp_path / place).write_text(code)
        with pytest.raises(AssertionError, match="line"):
            test_arrows_point_down_only(tmp_path / place)
    for place, code in [("graph.py", "from .io import read"), ("estimators/lle.py", "from ._base import B"),
                        ("embedding.py", "def plot():\n    from .plot import plot"),
                        ("graph.py", "if TYPE_CHECKING:\n    from .embedding import Embedding")]:
        (tmp_path / place).write_text(code)
        test_arrows_point_down_only(tmp_path / place)


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_library_code_has_no_assert(path):
    lines = [node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Assert)]
    assert not lines, f"assert in library code on lines {lines}: it vanishes under python -O; raise instead"


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_heavy_or_optional_packages_are_imported_inside_functions(path):
    for node in tree(path).body:
        if isinstance(node, ast.Import):
            found = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found = {(node.module or "").split(".")[0]}
        else:
            continue
        assert not found & NEVER_AT_IMPORT, f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_global_random_state_and_pickle_are_left_alone(path):
    text = path.read_text(encoding="utf-8")
    drawing = r"np\.random\.(seed|rand|randn|randint|random|choice|shuffle|permutation|normal|uniform)\b"
    assert not re.search(drawing, text)
    assert not re.search(r"^\s*(import|from) (c?[pP]ickle|random)\b", text, re.M)
    assert "allow_pickle=True" not in text


def test_import_is_light():
    """What `import graphemb` brings in, and what fitting DeepWalk on a small graph brings in on top."""
    code = """
import sys, graphemb
print(*sys.modules)
import networkx
graphemb.DeepWalk(n_components=2, n_walks=1, walk_length=3).fit(networkx.path_graph(4))
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(graphemb.__file__).parent.parent)
    at_import, after_fit = (set(line.split()) for line in done.stdout.splitlines())
    assert "graphemb" in at_import
    assert not at_import & (NEVER_AT_IMPORT | {"sklearn", "scipy", "networkx"})
    assert not after_fit & {"gensim", "matplotlib", "torch", "polars"}


def test_all_names_exist_and_nothing_else_is_offered():
    assert sorted(graphemb.__all__) == sorted(set(graphemb.__all__))
    for name in graphemb.__all__:
        assert getattr(graphemb, name) is not None
        assert name in dir(graphemb)
    with pytest.raises(AttributeError, match="no_such_name"):
        graphemb.no_such_name  # noqa: B018


def documented():
    """Every public class and function, and the public methods written in each class."""
    for path in MODULES:
        name = path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")
        for node in tree(path).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                yield pytest.param(node, id=f"{name}.{node.name}")
                for inner in node.body if isinstance(node, ast.ClassDef) else []:
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                        yield pytest.param(inner, id=f"{name}.{node.name}.{inner.name}")


@pytest.mark.parametrize("node", list(documented()))
def test_public_things_have_docstrings(node):
    assert ast.get_docstring(node)


@pytest.mark.parametrize("path", MODULES, ids=identify)
def test_modules_say_their_one_thing(path):
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.name)
def test_kernel_arguments_are_safe(path):
    """Passing None to a memoryview that allows it is a segfault; an input that is not const is no input."""
    text = path.read_text(encoding="utf-8")
    views = re.findall(r"^ +((?:const )?\w+\[[:\d, ]*:[:\d, ]*\] \w+[^,\n]*), *(#.*)?$", text, re.M)
    written = sum("[:" in line for part in re.findall(r"^def \w+\(.*?^\)", text, re.M | re.S)
                  for line in part.splitlines())
    assert len(views) == written, "a memoryview argument that this test cannot read: one a line, please"
    assert views, "no memoryview argument found: has the style of the signatures changed?"
    for argument, comment in views:
        assert "not None" in argument, argument
        role = re.match(r"#\s*(IN|OUT|TMP)\b", comment)
        assert role, f"{argument}: say whether it is IN, OUT or TMP"
        assert argument.startswith("const ") == (role[1] == "IN"), f"{argument} {comment}"
    assert "cimport numpy" not in text
    assert "prange" not in text


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.name)
def test_kernels_have_stubs_that_match(path):
    """The .pyi names the same functions with the same arguments as the compiled module."""
    module = importlib.import_module(f"graphemb.{path.stem}")
    stub = tree(SOURCE / f"{path.stem}.pyi")
    declared = {node.name: [argument.arg for argument in node.args.args]
                for node in stub.body if isinstance(node, ast.FunctionDef)}
    written = dict(re.findall(r"^def (\w+)\((.*?)^\)", path.read_text(encoding="utf-8"), re.M | re.S))
    assert declared.keys() == written.keys()
    for name, arguments in declared.items():
        parts = re.sub(r"#.*|\[[^\]]*\]|not None", "", written[name]).split(",")
        assert arguments == [part.split()[-1] for part in parts if part.strip()]
        assert callable(getattr(module, name))
        assert getattr(module, name).__doc__


def test_every_kernel_is_built():
    assert KERNELS
    for path in KERNELS:
        built = importlib.import_module(f"graphemb.{path.stem}").__file__
        assert Path(built).suffix in {".so", ".pyd"}


def test_generated_c_is_not_tracked():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = listed.stdout.splitlines()
    assert "setup.py" in tracked
    for name in tracked:
        assert not name.endswith((".so", ".pyd", ".cpp")), name
        if name.endswith(".c"):
            assert "Generated by Cython" not in (ROOT / name).read_text(encoding="utf-8")[:200], name


@pytest.mark.parametrize(("module", "function"), [("_sgns", "ge_train"), ("_spmm", "ge_spmm")])
def test_hot_functions_are_built_for_each_instruction_set(module, function):
    """A wrong #if makes the variants vanish without a word, and training slow: look for them."""
    nm = shutil.which("nm")
    if nm is None:
        pytest.skip("nm is not installed")
    built = importlib.import_module(f"graphemb.{module}").__file__
    if platform.machine() not in {"x86_64", "AMD64"} or b"GCC: (" not in Path(built).read_bytes():
        pytest.skip("the variants are made on x86-64 by gcc only")
    symbols = subprocess.run([nm, built], capture_output=True, text=True, check=True)
    if "no symbols" in symbols.stderr:
        pytest.skip("the extension was stripped")
    for variant in (r"(_avx2|\.arch_x86_64_v3)", r"(_avx512|\.arch_x86_64_v4)"):
        assert re.search(rf" [tT] {function}\w*{variant}$", symbols.stdout, re.M), variant


def test_estimators_store_their_parameters_and_nothing_else():
    """`__init__` assigns each argument to the attribute of its name: no check, no work."""
    for path in sorted((SOURCE / "estimators").glob("*.py")):
        for class_ in (node for node in tree(path).body if isinstance(node, ast.ClassDef)):
            for function in class_.body:
                if not isinstance(function, ast.FunctionDef) or function.name != "__init__":
                    continue
                for statement in function.body:
                    if isinstance(statement, ast.Expr) and (
                            isinstance(statement.value, ast.Constant) or "super()" in ast.unparse(statement)):
                        continue
                    stored = re.fullmatch(r"self\.(\w+) = (\w+)", ast.unparse(statement))
                    assert stored and stored[1] == stored[2], f"{class_.name}: {ast.unparse(statement)}"


def test_names_of_public_estimators_are_sklearn_estimators():
    from sklearn.base import BaseEstimator, TransformerMixin

    found = [getattr(graphemb, name) for name in graphemb.__all__]
    found = [thing for thing in found if inspect.isclass(thing) and issubclass(thing, BaseEstimator)]
    assert {"DeepWalk", "Node2Vec", "LocallyLinearEmbedding"} <= {thing.__name__ for thing in found}
    assert all(issubclass(thing, TransformerMixin) for thing in found)
