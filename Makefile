# Every target sets up its own environment from nothing; a second call reuses it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 2

.PHONY: demo test interop lint format types docs wheel clean

# MORL-Baselines builds pycddlib, which needs a compiler and the headers of GMP; without them its tests are skipped
define install-baselines
if echo '#include <gmp.h>' | cc -E - >/dev/null 2>&1; then \
  $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[baselines]"; \
else echo "no gmp.h: MORL-Baselines is left out (on Debian: apt-get install gcc libgmp-dev)"; fi
endef

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,ray,sb3,trl]"
	$(install-baselines)
	touch $@ $(VENV)/.demo

$(VENV)/.interop: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[minari,torchrl]"
	touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	touch $@ $(VENV)/.demo

demo: $(VENV)/.demo  ## Fetch a model, evaluate an agent on a text environment, print and draw its front
	$(BIN)/morl-envs fetch smollm2-135m
	$(BIN)/morl-envs run best_of_n --env morl/review-completion-v0 --lm smollm2-135m \
	  --n-prompts 12 --seeds 2 --divisions 4 --out runs/demo --overwrite

test: $(VENV)/.dev  ## Run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not baselines"

interop: $(VENV)/.interop  ## Run every test with outside libraries, those that learn for minutes too
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q -rs tests/interop

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev
	$(BIN)/mypy

docs: $(VENV)/.docs  ## Build the site into site/; a warning is an error
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet -d site/.doctrees docs site

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --outdir dist

clean:
	rm -rf $(VENV) dist runs site
