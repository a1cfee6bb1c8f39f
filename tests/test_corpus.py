"""Inputs that fuzzing kept, tests/torture/fuzz.py's own format: damaged files and arrays that are read or refused."""
import importlib.util
import tracemalloc
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INPUTS = sorted(path for path in (HERE / "corpus").glob("*/*") if path.is_file())
spec = importlib.util.spec_from_file_location("fuzz", HERE / "torture" / "fuzz.py")
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


def replay(path, folder):
    data = path.read_bytes()
    return fuzz.read(data, str(folder)) if path.parent.name == "files" else fuzz.build(data)


@pytest.mark.filterwarnings("ignore")  # a damaged graph may have edges of weight 0, and so on
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_read_or_refused_without_much_memory(path, tmp_path):
    tracemalloc.start()
    try:
        replay(path, tmp_path)  # which checks what it made
    except fuzz.ALLOWED as error:
        assert str(error)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2**26


@pytest.mark.filterwarnings("ignore")
def test_the_corpus_reaches_every_reader_both_ways(tmp_path):
    """Else the test above would be no test."""
    ends = {}
    for path in INPUTS:
        reader = path.name.rsplit("-", 1)[0]
        try:
            replay(path, tmp_path)
            ends.setdefault(reader, set()).add("read")
        except fuzz.ALLOWED:
            ends.setdefault(reader, set()).add("refused")
    both = {"read", "refused"}
    assert {f"{kind}{suffix}".replace(".", "-") for kind, suffix in fuzz.READERS} <= ends.keys()
    assert all(found == both for found in ends.values()), ends
