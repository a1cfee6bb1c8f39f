"""Faults that tests/torture plants must find their place: a kernel written anew would leave them without one."""
import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAULTS = [fault for name, variable in (("mutants", "MUTANTS"), ("sanitizers", "PLANTED"))
          for node in ast.parse((HERE / "torture" / f"{name}.py").read_text(encoding="utf-8")).body
          if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [variable]
          for fault in ast.literal_eval(node.value)]


def test_there_are_some():
    assert len(FAULTS) >= 40


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[0])
def test_a_fault_finds_its_place_and_its_tests(fault):
    _, name, old, new, *rest = fault
    assert old in (HERE.parent / name).read_text(encoding="utf-8")
    assert old != new
    for test in rest[-1].split():
        assert (HERE / f"test_{test.removeprefix('test_')}.py").is_file()
