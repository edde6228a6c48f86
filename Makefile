# `make help` lists the targets. Nothing but Python >= 3.11 and make has to be installed.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# where CPU builds of torch are offered; `make TORCH_INDEX= …` leaves the choice to pip's own index
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
TORCH := $(shell sed -n '/^torch==/p' constraints.txt)
PACKAGES := envs agents curricula

.PHONY: help venv train test audit smoke lint format links clean
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

venv: $(VENV)/.installed ## create .venv with the pinned versions

train: $(VENV)/.installed ## train with the defaults; options in ARGS="…"
	$(BIN)/frostline train $(ARGS)

test: $(VENV)/.installed ## run the tests; options in ARGS="…"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 $(ARGS)

audit: $(VENV)/.installed ## audit every family, small; options in ARGS="…"
	OMP_NUM_THREADS=1 $(BIN)/frostline audit --quick --out none $(ARGS)

smoke: $(VENV)/.installed ## run the smallest study from its first line to its last
	rm -rf build/smoke
	OMP_NUM_THREADS=1 $(BIN)/frostline compare studies/smoke.toml --jobs 2 --out build/smoke --page build/smoke/smoke.md $(ARGS)

lint: $(VENV)/.installed-dev links ## ruff and mypy strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --package frostline
	$(BIN)/mypy $(wildcard scripts/*.py) tests

format: $(VENV)/.installed-dev ## let ruff fix and format the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Type checkers don't see the mapping of folders to packages, so they are given it as a tree of links.
links: ## build the tree of links that mypy and pyright read
	@rm -rf build/typecheck && mkdir -p build/typecheck/frostline
	@ln -s $(CURDIR)/src/frostline/* $(PACKAGES:%=$(CURDIR)/%) build/typecheck/frostline/

clean: ## remove everything that was built, .venv included
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(PACKAGES) src scripts tests -name __pycache__ -prune -exec rm -rf {} +

# torch goes first and alone: 2.13.0+cpu sorts above 2.13.0, so a CPU build wins wherever one is
# offered, and what is installed after it finds its torch in place. The CPU index is asked once
# whether it is there, because pip would retry an unreachable one for minutes.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("Frostline needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@index=; if [ -n "$(TORCH_INDEX)" ] && $(BIN)/python -c 'import sys, urllib.request as r; \
	  r.urlopen(sys.argv[1], timeout=5)' "$(TORCH_INDEX)/torch/" 2>/dev/null; \
	  then index="--extra-index-url $(TORCH_INDEX)"; fi; \
	  set -x; $(PIP) install --no-deps $$index "$(TORCH)"
	$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@
