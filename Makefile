# Two commands set up and run everything: `make demo` and `make test`. The rest is for those who change the code.
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3

.PHONY: demo test checked slow bench peers verify docs clean

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Tenure needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 demo") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(VENV)/.ready: $(VENV)/.installed
	$(BIN)/tenure verify capital  # compiles the rules, once on this machine, and checks one known answer
	@touch $@

demo: $(VENV)/.ready  ## the main job: four policies on the same people with the same luck
	$(BIN)/tenure run quickstart.yaml

test: $(VENV)/.installed  ## format, lint, types, tests
	$(MAKE) --no-print-directory -j 2 $(VENV)/.ready checked  # the rules are compiled while types are checked
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

checked: $(VENV)/.installed  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

slow: $(VENV)/.ready  ## tests that take minutes: large populations, bands, the month in a browser and for a GPU
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[slow]'
	$(BIN)/python -m pytest -n 2 -m slow

bench: $(VENV)/.ready  ## person-months per second, measured in one run
	$(BIN)/python -m benchmarks.bench

peers:  ## other simulators, for a table of `make bench`, in an environment of their own
	$(PYTHON) -m venv .peers
	.peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt

verify: $(VENV)/.ready  ## the published known answers, and patterns beside what is published, by the running simulator
	$(BIN)/tenure verify

docs: $(VENV)/.ready  ## pages and figures that the program makes itself
	$(BIN)/python -m tenure.experiments.evidence.bands
	$(BIN)/tenure verify patterns --page docs/patterns.md
	$(BIN)/tenure verify coverage --page docs/coverage.md
	$(BIN)/python docs/floors.py

clean:
	rm -rf $(VENV) .peers results .pytest_cache .mypy_cache .ruff_cache .hypothesis
