# make run     set everything up and start the app on http://127.0.0.1:8501
# make test    set everything up, check the code and run every test
# make test-fast  run the tests that take no second each, without any check
# make setup   create .venv with everything in it
# make data    fetch MNIST and Fashion-MNIST, whose tests are skipped without them
# make check   format, lint, types, import rules
# make docs    write what is made from the code
# make bench   measure; results go to benchmarks/results
# make picture draw the moving picture of the README anew

.DEFAULT_GOAL := run
.PHONY: setup run test test-fast data check docs picture bench clean

# The first Python that starts and is new enough; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.13 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PORT ?= 8501
# .venv is ours: without byte code every start would compile torch and Streamlit anew, for a quarter of a minute.
unexport PYTHONDONTWRITEBYTECODE
# Byte code is compiled when a module is first imported, not for all of torch at once.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# uv chooses the build of PyTorch that suits the machine: without an NVIDIA GPU, one without CUDA libraries.
UV := uv pip install --quiet --python $(BIN)/python --torch-backend=auto --constraint constraints.txt

# $(call install,NAME,PACKAGES): with uv where it is on the path and reaches everything, else with pip. The dry run
# finds that out in a second or two and downloads nothing large.
install = @if command -v uv >/dev/null 2>&1 && \
	UV_HTTP_RETRIES=0 UV_HTTP_TIMEOUT=10 $(UV) --dry-run $(2) >/dev/null 2>&1 && \
	echo "Installing $(1) with uv ..." && $(UV) $(2); \
	then :; else echo "Installing $(1) with pip ..."; $(PIP) $(2); fi

setup: .venv/app.ready .venv/dev.ready node_modules/stage.ready

.venv/app.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Loss Geometry needs Python 3.11 or newer; none was found."; exit 1; }
	@echo "Setting up .venv (once; README.md says what is downloaded) ..."
	@$(PYTHON) -m venv .venv
	$(call install,the app,--editable .)
	@touch $@

.venv/dev.ready: .venv/app.ready
	$(call install,what its tests need,--editable '.[dev]')
	@touch $@

# node checks the types of the stage and runs its tests without a browser; both are left out where there is no npm.
node_modules/stage.ready: package.json
	@if command -v npm >/dev/null; then npm install --no-package-lock --silent --no-audit --no-fund && touch $@; \
	elif [ "$$CI" = true ]; then echo "npm is missing: install it (apt-get install nodejs npm)"; exit 1; \
	else echo "npm is missing: types and tests of the stage (app/stage) are left out."; fi

run: .venv/app.ready
	@$(BIN)/loss-geometry serve --port $(PORT)

check: .venv/dev.ready node_modules/stage.ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@if [ -e node_modules/stage.ready ]; then npm run --silent types; fi

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
	@$(BIN)/python -m app.page.stage_numbers
	@$(BIN)/python -m museum docs/bug_museum.md
	@$(BIN)/loss-geometry verify --write

picture: .venv/dev.ready
	@$(BIN)/loss-geometry render app/presets/petals.lossgeo docs/training.gif --to 60 --every 3 --fps 6 --size 680x420

bench: .venv/dev.ready
	@for name in recipes losses startup page stage engine images memory; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

clean:
	rm -rf .venv node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
