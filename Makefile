# Needs Python 3.11 or newer with its headers, a C compiler and GNU make (3.81, macOS's, is enough).
# Everything is installed into $(VENV); uv is used where it is on the path, pip otherwise.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
UV := $(shell command -v uv 2>/dev/null)

# Real graphs for the checks that want them; without the folder those checks skip and say so.
GRAPHEMB_DATA ?= $(abspath $(wildcard ../shared/data))
ifneq ($(GRAPHEMB_DATA),)
export GRAPHEMB_DATA
endif
export GRAPH

KERNELS := $(wildcard ext/*.pyx ext/*.pxd ext/*.h ext/*.c)

.PHONY: help quickstart test torture lint benchmark docs clean

help:
	@echo "make quickstart              embed Les Miserables, write quickstart.png and quickstart.html"
	@echo "make quickstart GRAPH=path   embed the graph in that file instead"
	@echo "make test                    build, then run every test"
	@echo "make torture [ONLY=names]    the long checks of docs/reliability.md, hours; ONLY=\"graphs files\" some of them"
	@echo "make lint                    ruff, mypy, cython-lint"
	@echo "make docs                    the documentation, into build/docs; warnings are errors"
	@echo "make benchmark [QUICK=1]     measure; QUICK=1 is the smoke run"
	@echo "make clean                   remove what was built, $(VENV) included"

quickstart: $(VENV)/.with-plot
	@$(PY) examples/quickstart.py $${GRAPH:+"$$GRAPH"}

test: $(VENV)/.with-test
	$(PY) -m pytest

torture: $(VENV)/.with-test $(VENV)/.with-torture
	$(PY) tests/torture/run.py $(ONLY)

lint: $(VENV)/.with-lint
	$(PY) -m ruff check .
	$(PY) -m mypy
	PATH="$(abspath $(VENV))/bin:$$PATH" cython-lint ext  # it calls pycodestyle by name

benchmark: $(VENV)/.with-test
	$(PY) -m benchmarks run $(if $(QUICK),--quick)
	$(PY) -m benchmarks report

docs: $(VENV)/.with-docs
	$(PY) -m sphinx -W --keep-going -q -j auto docs build/docs
	@echo "Open build/docs/index.html"

# A stamp for each extra: the package, editable, with that extra. Older than a kernel's source, it is
# made again, and the kernel with it.
$(VENV)/.with-%: $(KERNELS) setup.py pyproject.toml | $(PY)
ifdef UV
	uv pip install --quiet --python $(PY) --editable '.[$*]'
else
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
endif
	@touch $@

$(PY):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("graphemb needs Python 3.11 or newer; $(PYTHON) is %d.%d. Say: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@$(PYTHON) -c 'import os, sys, sysconfig; h = sysconfig.get_path("include") + "/Python.h"; os.path.exists(h) or sys.exit("No " + h + ": install the headers of Python (Debian, Ubuntu: apt install python3-dev).")'
ifdef UV
	uv venv --quiet --python $(PYTHON) $(VENV)
else
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
endif

clean:
	rm -rf $(VENV) build dist graphemb.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	rm -f graphemb/*.so graphemb/*.pyd quickstart.png quickstart.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
