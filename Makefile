# Every task of the project. `make help` lists them.
PYTHON ?= $(shell for p in python3.12 python3.13 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH := .venv-bench
BENCHED := $(BENCH)/.installed
CORPUS ?= ../shared/corpora
KILLS ?= 200
WAREHOUSE ?= duckdb
MESSAGES ?= 20000
BATCHES ?= 300
ARTICLES ?= 18000
SHARDS ?= 3
TAKEOVERS ?= 20
IN ?= postgres

.DEFAULT_GOAL := help
.PHONY: help install demo test soak many-writers fuzz check docs lock wheel clean superset-check dbt-check bench-clean bench-metadata bench-entities bench-places bench-stories bench-drift bench-follow bench-freshness bench-warehouse bench-pipeline

help:  ## list all tasks
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

$(INSTALLED): infra/requirements.lock infra/bootstrap.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Dateline needs Python 3.12 or newer, and none was found. Install it, or name its path: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Installing Dateline into $(VENV) (a minute the first time) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Could not make $(VENV): is Python's venv module installed (python3-venv), and is the disk full?"; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r infra/bootstrap.lock || { echo "Could not install uv: is the network (a package index) reachable? Then run the same command again."; exit 1; }
	@$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r infra/requirements.lock || { echo "Could not install the locked packages: is the network reachable, and the disk not full? Then run the same command again."; exit 1; }
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q flows pipelines schemas
	@touch $@

install: $(INSTALLED)  ## create the environment from the lock file with hashes

demo: $(INSTALLED)  ## start a real Kafka, ingest a month of samples, show the result and a link to the dashboard
	@$(BIN)/dateline demo

test: $(INSTALLED)  ## run every test and doctest, integration tests included: SHARDS=3, which share a Kafka and a Prefect server
	@$(BIN)/python -m pytest -n $(SHARDS) --dist loadfile --no-loadscope-reorder

soak: $(INSTALLED)  ## kill runs at random moments and check that nothing is lost or doubled: KILLS=200 WAREHOUSE=duckdb|postgres [SEED=number]
	@$(BIN)/python -m tests.soak --kills $(KILLS) --warehouse $(WAREHOUSE) $(if $(SEED),--seed $(SEED))

many-writers: $(INSTALLED)  ## kill workers that share a topic and check that others take over: TAKEOVERS=20 IN=postgres|iceberg
	@DATELINE_TEST_TAKEOVERS=$(TAKEOVERS) DATELINE_TEST_SHARED=$(IN) $(BIN)/python -m pytest -q -s tests/integration/test_many_writers.py -k killed

fuzz: $(INSTALLED)  ## send mutated messages through the job and into a warehouse: MESSAGES=20000 [SEED=number]
	@$(BIN)/python -m tests.fuzz --messages $(MESSAGES) $(if $(SEED),--seed $(SEED))

check: $(INSTALLED)  ## run ruff, mypy, import contracts and schema checks
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/dateline schemas check

docs: $(INSTALLED)  ## generate the pages of docs/ that are made from code
	@$(BIN)/python -m tests.architecture.pages

lock:  ## resolve pyproject.toml into new lock files with hashes
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.12 --universal --extra local --extra dashboard --extra s3 --extra iceberg --group dev --group build pyproject.toml -o infra/requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.12 --universal --extra local --group bench --group build -c infra/requirements.lock pyproject.toml -o infra/bench.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.12 --universal --extra s3 --extra iceberg -c infra/requirements.lock pyproject.toml -o infra/runtime.lock
	printf 'uv\nhatchling\n' | $(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.12 --universal -c infra/requirements.lock - -o infra/bootstrap.lock

$(BENCHED): infra/bench.lock infra/bootstrap.lock $(INSTALLED)
	@echo "Installing the extractors to compare with into $(BENCH) …"
	@test -x $(BENCH)/bin/python || $(BIN)/python -m venv $(BENCH)
	@$(BIN)/uv pip install -q --python $(BENCH)/bin/python --require-hashes -r infra/bench.lock
	@$(BIN)/uv pip install -q --python $(BENCH)/bin/python --require-hashes -r infra/bootstrap.lock
	@$(BIN)/uv pip install -q --python $(BENCH)/bin/python --no-deps --no-build-isolation .  # for its metadata: modules come from this folder
	@touch $@

bench-clean: $(BENCHED)  ## compare bodies from pages and text dumps with those of other extractors: CORPUS=folder
	@$(BENCH)/bin/python -m tests.bench.clean --corpus $(CORPUS)

bench-metadata: $(BENCHED)  ## compare titles, authors and dates with those of other extractors: CORPUS=folder
	@$(BENCH)/bin/python -m tests.bench.metadata --corpus $(CORPUS)

bench-entities: $(INSTALLED)  ## compare names found in texts with those of the bare model: CORPUS=folder
	@$(BIN)/python -m tests.bench.entities --corpus $(CORPUS)

bench-places: $(INSTALLED)  ## compare countries and coordinates of place names with a guess by population: CORPUS=folder
	@$(BIN)/python -m tests.bench.places --corpus $(CORPUS)

bench-stories: $(INSTALLED)  ## measure how well copies of a story are distinguished from other stories: CORPUS=folder
	@$(BIN)/python -m tests.bench.stories --corpus $(CORPUS)

bench-drift: $(INSTALLED)  ## count scrapers that are quarantined without cause, and anomalies that are missed
	@$(BIN)/python -m tests.bench.drift

bench-follow: $(INSTALLED)  ## measure time and memory for each small batch of a run that follows: BATCHES=300
	@$(BIN)/python -m tests.bench.follow --batches $(BATCHES)

bench-freshness: $(INSTALLED)  ## measure how soon articles are in the warehouse, five a second: ARTICLES=18000
	@$(BIN)/python -m tests.bench.freshness --articles $(ARTICLES)

bench-pipeline: $(BENCHED)  ## compare the CPU of the whole job with that of an extractor and the bare model: CORPUS=folder [ARTICLES=500]
	@$(BENCH)/bin/python -m tests.bench.pipeline --corpus $(CORPUS) $(if $(filter command line,$(origin ARTICLES)),--articles $(ARTICLES))

bench-warehouse: $(INSTALLED)  ## measure the cost of a batch, and of the marts, in warehouses of several sizes: [SIZES=10000,100000]
	@$(BIN)/python -m tests.bench.warehouse $(if $(SIZES),--sizes $(SIZES))

dbt-check: $(INSTALLED)  ## let dbt read the description of the warehouse and test its keys and joins: DBT=/path/to/venv/bin
	@test -x "$(DBT)/dbt" || { echo "DBT names no folder with the program dbt: make dbt-check DBT=/path/to/venv/bin (infra/bi/README.md says how to install it)"; exit 2; }
	@DATELINE_TEST_DBT="$(DBT)" $(BIN)/python -m pytest -q tests/warehouse/test_dbt.py

superset-check: $(INSTALLED)  ## import the dashboard into a Superset and check that it draws every chart: SUPERSET=/path/to/venv/bin [SCREENSHOT=file.png]
	@test -x "$(SUPERSET)/superset" || { echo "SUPERSET names no folder with the program superset: make superset-check SUPERSET=/path/to/venv/bin (infra/bi/README.md says how to install it)"; exit 2; }
	@DATELINE_TEST_SUPERSET="$(SUPERSET)" SCREENSHOT="$(SCREENSHOT)" $(BIN)/python -m pytest -q tests/integration/test_superset.py

wheel: $(INSTALLED)  ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean:  ## remove the environment, builds and caches (not the warehouse in .dateline)
	rm -rf $(VENV) $(BENCH) dist build .pytest_cache .mypy_cache .ruff_cache
