# `make` or `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install test lint format types check demo fidelity bench faults fuzz docs clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

install: $(BIN)/python  ## Install the package and what tests need into .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	$(BIN)/pip install --quiet --no-deps -r carriers.txt

test: install  ## Run the tests
	$(BIN)/pytest

lint: install  ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install  ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install  ## Check types
	$(BIN)/mypy

check: test lint types  ## All that .ci/run does

demo: install  ## Protect a sample photo with every look and show the sheet's path
	$(BIN)/proface demo

docs: install  ## Paste the help texts into docs/COMMANDS.md
	$(BIN)/python docs/update_commands.py

fidelity: install  ## Figures of the shipped model; DATA="dir dir"
	$(BIN)/python -m proface.evaluation.fidelity --data $(DATA)

bench: install  ## Times and memory of whole photos
	$(BIN)/python -m benchmarks.photo

faults: install  ## Interrupt a thousand runs (the tests: a hundred); N=1000
	INTERRUPTIONS=$(or $(N),1000) $(BIN)/pytest tests/commands/test_faults.py

fuzz: install  ## Fuzz headers, key files, photos and protected files; SECONDS=300 for each
	$(BIN)/pip install --quiet -c constraints.txt -e '.[fuzz]'
	$(BIN)/python -m fuzz --seconds $(or $(SECONDS),300)

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
