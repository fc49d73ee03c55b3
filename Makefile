# Everything a developer does with govchain. `make` alone lists it.
#
# Set-up is part of every target: the virtual environment in .venv, then one of the two lock files. A lock
# file is installed again only when it changed. Needs Python 3.11 or later with venv, and nothing else.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,$(shell \
	$(name) -c 'import sys, venv; print("$(name)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
PIP := python -m pip
PIP_OPTIONS := --quiet --disable-pip-version-check
PIP_INSTALL := $(BIN)/$(PIP) install $(PIP_OPTIONS) --require-hashes
SOURCES := govchain tests benchmarks nodes

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-pythons demo test stories check compiled mutants bench fidelity e2e format lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Four validators on this machine, a cross-department story, a receipt verified offline
	@$(BIN)/govchain demo

test: setup-pythons ## The whole suite that needs no Docker
	@$(BIN)/python -m pytest -n 2 -m "not e2e and not stories"

stories: setup-dev ## All six stories of the domain, simulated and on processes of this machine
	@$(BIN)/python -m pytest -n0 -m "stories or not stories" tests/sim/test_sim_stories.py tests/live/test_scenario_stories.py

# One seed must show the same on every version of Python. A version that this machine has not is left out.
setup-pythons: setup-dev ## Other Python versions of this machine, with the locked dependencies
	@$(BIN)/python -m tests.support.pythons

check: setup-dev ## Format, lint, types, layers
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

# Built from a source distribution: compiled modules beside the sources of this folder would hide changes to them.
compiled: $(VENV)/compiled/.installed ## govchain-compiled beside govchain: its hot modules are machine code; needs a C compiler

mutants: setup-dev ## Take the guards out one by one; the tests must notice (about ten minutes)
	@$(BIN)/python -m tests.mutants.run $(ONLY)

bench: setup ## Measure the hot path and the consensus of four processes on this machine
	@$(BIN)/python benchmarks/hotpath.py
	@$(BIN)/python benchmarks/consensus.py

fidelity: setup ## Simulator and processes side by side, with measured costs; six minutes on an idle machine
	@$(BIN)/govchain bench fidelity

# Starts an engine where none runs; a machine that has one needs nothing.
DOCKER_ENGINE ?= $(addsuffix $() up,$(wildcard ../shared/tools/docker-engine))

e2e: setup-dev ## The compose network of docker-compose.yml; needs a Docker engine
	@docker info >/dev/null 2>&1 || { test -n "$(DOCKER_ENGINE)" && $(DOCKER_ENGINE); } || { \
		echo "make: no Docker engine answers; start one, or name a command that does: make e2e DOCKER_ENGINE='...'" >&2; exit 1; }
	@$(BIN)/python -m pytest -m e2e tests/e2e

format: setup-dev ## Rewrite the sources in the house format
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

lock: setup-dev ## Resolve the dependencies again and rewrite both lock files
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	@$(BIN)/pip-compile $(LOCK_OPTIONS) --output-file requirements.lock pyproject.toml
	@$(BIN)/pip-compile $(LOCK_OPTIONS) --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml
LOCK_OPTIONS := --quiet --strip-extras --generate-hashes --allow-unsafe --no-header --no-annotate \
	--no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

clean: ## Remove the virtual environment, caches, and what runs and demos left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo runs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or later with venv found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock | $(BIN)/python
	@echo "Installing requirements.lock"
	@$(PIP_INSTALL) -r requirements.lock
	@$(LINK_PACKAGE)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing requirements-dev.lock"
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@

$(VENV)/compiled/.installed: $(VENV)/.installed-dev pyproject.toml $(shell find govchain -name '*.py')
	@echo "Compiling the modules that pyproject.toml lists"
	@rm -rf build/compiled $(VENV)/compiled
	@$(BIN)/python -m hatchling build --target sdist --directory build/compiled >/dev/null
	@HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(BIN)/$(PIP) wheel $(PIP_OPTIONS) --no-deps --no-build-isolation \
		--wheel-dir build/compiled build/compiled/govchain-*.tar.gz
	@$(BIN)/$(PIP) install $(PIP_OPTIONS) --no-deps --target $(VENV)/compiled build/compiled/govchain-*.whl
	@printf '#!/bin/sh\nhere="$$(dirname "$$(readlink -f "$$0")")"\nexport PYTHONSAFEPATH=1 PYTHONPATH="$$here/../compiled"\nexec "$$here/python" -m govchain "$$@"\n' > $(BIN)/govchain-compiled
	@chmod +x $(BIN)/govchain-compiled
	@touch $@

# The package runs from this folder: a path file and a command, so that no build step is needed.
define LINK_PACKAGE
$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "govchain.pth").write_text(str(pathlib.Path.cwd()) + "\n")'; \
printf '#!/bin/sh\nexec "$$(dirname "$$(readlink -f "$$0")")/python" -m govchain "$$@"\n' > $(BIN)/govchain; \
chmod +x $(BIN)/govchain
endef
