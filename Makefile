# make demo: install, then rank the built-in world models. make test: install, test and lint.
# Both need Python 3.11 or newer and nothing else; a second run does no work twice.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INPUTS := pyproject.toml constraints.txt
HOOK := envs,worldmodels,combopt,evaluation,beartype.beartype

.DELETE_ON_ERROR:
.PHONY: demo test lint clean

demo: $(VENV)/.installed
	$(BIN)/python -m evaluation.state_ranking

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile --jaxtyping-packages=$(HOOK)
	$(MAKE) --no-print-directory lint

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV)

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(INPUTS) | $(BIN)/pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(INPUTS) | $(BIN)/pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@ $(VENV)/.installed
