# make run     set everything up and start the app on http://127.0.0.1:8501
# make test    set everything up, check the code and run every test
# make test-fast  run the tests that take no second each, without any check
# make setup   create .venv with everything in it
# make data    fetch MNIST and Fashion-MNIST, whose tests are skipped without them
# make check   format, lint, types, import rules
# make docs    write the documents that are made from the code
# make bench   measure; results go to benchmarks/results

.DEFAULT_GOAL := run
.PHONY: setup run test test-fast data check docs bench clean

# The first Python that starts and is new enough; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.13 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PORT ?= 8501
# .venv is ours: without byte code every start would compile torch and Streamlit anew, for a quarter of a minute.
unexport PYTHONDONTWRITEBYTECODE
# Byte code is compiled when a module is first imported, not for all of torch at once.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt

setup: .venv/app.ready .venv/dev.ready

.venv/app.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Loss Geometry needs Python 3.11 or newer; none was found."; exit 1; }
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable .
	@touch $@

.venv/dev.ready: .venv/app.ready
	@$(PIP) --editable '.[dev]'
	@touch $@

run: .venv/app.ready
	@$(BIN)/loss-geometry serve --port $(PORT)

check: .venv/dev.ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

# A file's tests run in one process, which trains or starts once what they share. (The groups of pytest-xdist 3.8 have
# no effect with pytest 9.2.)
test: check
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --durations 20

test-fast: .venv/dev.ready
	@$(BIN)/python -m pytest --numprocesses 2 -m fast

data: .venv/app.ready
	@$(BIN)/loss-geometry data fetch mnist
	@$(BIN)/loss-geometry data fetch fashion_mnist

docs: .venv/dev.ready
	@$(BIN)/python -m museum docs/bug_museum.md
	@$(BIN)/loss-geometry verify --write

bench: .venv/dev.ready
	@for name in recipes losses startup page stage engine images memory; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
