"""No network at import or use but where data are asked for by name; nothing unpickled from a file."""
import os
import subprocess
import sys

PROGRAM = """
import importlib, pkgutil, sys, tempfile, warnings

def hook(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "pickle.")):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(hook)
if sys.argv[1] == "fetch":
    import urllib.request
    urllib.request.urlopen("http://localhost:9")
import graphemb, networkx as nx
for module in pkgutil.walk_packages(graphemb.__path__, "graphemb."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
warnings.simplefilter("ignore")
G = nx.karate_club_graph()
with tempfile.TemporaryDirectory() as folder:
    for name in ("DeepWalk", "AdjacencySpectral", "NetMF", "LocallyLinearEmbedding"):
        model = getattr(graphemb, name)(4).fit(G)
        model.transform(G)
        for suffix in (".safetensors", ".npz", ".txt", ".bin", ".tsv"):
            nodes = [f"n{v}" for v in G]
            graphemb.Embedding(nodes, model.embedding_).save(f"{folder}/v{suffix}")
            graphemb.Embedding.load(f"{folder}/v{suffix}").most_similar("n0", k=2)
    model.graph_.save(f"{folder}/g.safetensors")
    graphemb.Graph.read(f"{folder}/g.safetensors")
    from graphemb.cli import main
    with open(f"{folder}/e.csv", "w") as file:
        file.write("a,b\\nb,c\\n")
    main(["embed", f"{folder}/e.csv", "--method", "deepwalk", "--n-components", "2", "-o", f"{folder}/o.npz"])
print("done")
"""


def run(how):
    return subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"})


def test_import_fit_save_and_load_open_no_socket_and_unpickle_nothing():
    ended = run("use")
    assert ended.returncode == 0 and ended.stdout.endswith("done\n"), ended.stderr


def test_the_hook_sees_a_connection():
    ended = run("fetch")
    assert ended.returncode != 0 and "RuntimeError: urllib.Request" in ended.stderr
