# Two commands matter: `make demo` and `make test`. Both begin with `make setup`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV     := $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode
# Where pip is told to look for packages, if somewhere else than PyPI.
INDEX   = $(BIN)/python -m pip config list | sed -n "s/^[^=]*[.]index-url='\(.*\)'$$/\1/p" | tail -1

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test test-slow lint types format lock reference benchmark clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with everything pinned (requirements.lock)

$(STAMP): requirements.lock requirements-uv.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing. Install Python 3.11 or newer, or run: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 3; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11. Run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 3; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) has no venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 3; }
	$(PYTHON) -m venv --clear $(VENV)
	@index="$$($(INDEX))"; if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"; fi; \
	  $(PIP) --no-deps --require-hashes -r requirements-uv.lock && $(UV) --require-hashes -r requirements.lock \
	  || { echo "make: installing with pip instead, which takes longer"; $(PIP) --no-deps --require-hashes -r requirements.lock; }
	$(PIP) --no-build-isolation --no-deps -e .
	$(BIN)/python -m pip check --quiet --disable-pip-version-check
	-@echo "Compiling masking's inner loops, once (half a minute)"; $(BIN)/python -m testdata_assets.masking.compile_kernels
	@touch $(STAMP)

demo: setup ## Production to masked image to branch, on a sample, in a few minutes
	$(BIN)/testdata demo $(ARGS)

up: setup ## Dagster UI, daemon and webhook receiver until Ctrl-C
	$(BIN)/testdata up $(ARGS)

down: setup ## Stop the embedded server
	$(BIN)/testdata down

test: setup ## Run the tests (without the slow ones)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: setup ## Run the long soak, fault and scale tests
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: setup ## ruff and a strict mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## Renew requirements.lock from pyproject.toml
	$(PIP) --upgrade uv
	echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --upgrade - -o requirements-uv.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra embedded --extra fast --extra dask --extra s3 --extra dev --upgrade pyproject.toml -o requirements.lock

reference: setup ## Renew docs/reference/transformers.md from the registry
	$(BIN)/python -m testdata_assets.cli.transformer_reference

benchmark: setup ## A refresh next to pg_dump and pg_restore
	$(BIN)/python -m benchmarks.refresh $(ARGS)

clean: ## Remove .venv and caches (not the state folder)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
