# Needs Python 3.11 or later, make and git; everything else is installed into .venv by the first target that needs it.
# `make PYTHON=python3.13 VENV=.venv-3.13 test` uses another Python, beside the first.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# What needs a server to be tested. Where there is none, its tests are skipped, and its coverage is not asked for.
SERVED := */stores/postgres*,*/facts/postgres*,*/facts/redis*

.DEFAULT_GOAL := help
.PHONY: help demo test lint deep bench format lock clean

help:  ## say what each target does
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(READY)  ## a tour of tenet in one terminal page
	@$(BIN)/tenet demo

# Measuring coverage makes Python several times slower, so the properties are measured with few examples and held with all.
test: lint  ## everything that a change must pass: lint, types, layers, tests with branch coverage
	@echo "==> pytest, with coverage"
	@$(BIN)/python -m pytest --cov --cov-report= --cov-fail-under=0 --ignore=tests/properties --ignore=tests/golden --ignore=tests/simulation
	@TENET_TEST_PROFILE=brief $(BIN)/python -m pytest --cov --cov-append --cov-report= --cov-fail-under=0 tests/properties
	@$(BIN)/python -m coverage report --omit="*/analysis/*,*/replay/*,*/targets/*,$(SERVED)"
	@test -z "$$TENET_REQUIRE_SERVERS" || $(BIN)/python -m coverage report --include="$(SERVED)" --fail-under=93
	@$(BIN)/python -m coverage report --include="*/analysis/*" --fail-under=93
	@$(BIN)/python -m coverage report --include="*/replay/*,*/targets/*" --fail-under=91
	@echo "==> pytest, every example of the properties, every golden decision, and some simulated worlds"
	@$(BIN)/python -m pytest tests/properties tests/golden tests/simulation

lint: $(READY)  ## ruff, mypy and import-linter, without the tests
	@echo "==> ruff"
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "not formatted; 'make format' does it:"; $(BIN)/ruff format --check; exit 1; }
	@echo "==> mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "==> import-linter"
	@$(BIN)/lint-imports --no-logo

deep: export TENET_TEST_PROFILE := deep
deep: $(READY)  ## the long tests, and every property on many more examples
	@$(BIN)/python -m pytest -m "not deep" tests/properties
	@$(BIN)/python -m pytest -m deep

bench: $(READY)  ## measure decisions, beside peers where they are installed
	@$(BIN)/python bench/decide.py

format: $(READY)  ## rewrite the Python files in the one style
	@$(BIN)/ruff check --quiet --select I --fix-only
	@$(BIN)/ruff format

lock: $(READY)  ## write the versions now in .venv to requirements-dev.txt
	@sed -n '/^#/p' requirements-dev.txt > $(VENV)/lock
	@$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable --exclude pip --exclude setuptools >> $(VENV)/lock
	@mv $(VENV)/lock requirements-dev.txt

clean:  ## remove what was made, .venv included
	rm -rf $(VENV) dist build htmlcov .coverage .coverage.* .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Pinned versions first, then the checkout itself as one path: nothing is resolved or built in isolation.
$(READY): pyproject.toml requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tenetlang needs Python 3.11 or later; say which: make PYTHON=python3.11 …"; exit 1; }
	@echo "==> installing into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
