# The commands of this repository. `make` alone lists them.
#
# Everything runs in .venv, which each target makes when it is missing. A stamp file named by the
# checksum of pyproject.toml says what is installed there, so a second `make` starts at once, and a
# changed dependency is installed without being asked for.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUM := $(shell cksum < pyproject.toml | tr -d ' ')
DEV := $(VENV)/.dev-$(SUM)
DEMO := $(VENV)/.demo-$(SUM)
DOCS := $(VENV)/.docs-$(SUM)
JOBS ?= auto

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check format quick bench docs docs-serve stub clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEV) ## make .venv with everything that a developer needs

demo: $(DEMO) ## run examples/flights on 336,776 real flights: fail, run again what failed, and what changed
	@$(BIN)/python examples/flights/demo.py

test: $(DEV) check ## all checks, then all tests
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q

check: $(DEV) ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache

format: $(DEV) ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

quick: $(DEV) ## the tests that take less than a second each
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q -m 'not slow'

bench: $(DEV) ## measure us and upstream side by side, into bench/RESULTS.md
	$(BIN)/python -m bench

docs: $(DOCS) ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "built: site/index.html"

docs-serve: $(DOCS) ## serve the documentation while you write it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

stub: $(DEV) ## write src/dagster/__init__.pyi from the table of public names
	$(BIN)/python scripts/make_stub.py

clean: ## remove what the targets made, the environments too
	rm -rf $(VENV) .venv-bench-dagster site dist .pytest_cache .ruff_cache .hypothesis
	find src tests bench examples scripts -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "expected python3 to be 3.11 or newer, got: " + sys.version.split()[0] + ". Say which one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(DEV): | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@rm -f $(VENV)/.dev-* && touch $@

$(DEMO): | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[examples]'
	@rm -f $(VENV)/.demo-* && touch $@

$(DOCS): | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@rm -f $(VENV)/.docs-* && touch $@
