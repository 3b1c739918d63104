# Everything a person or a machine does with this tree. The first call makes .venv from the locked
# requirements; a stamp in it records what is installed, so that later calls start at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
CITIES ?= var/cities

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '%-14s %s\n' "$$name" "$$text"; done

.PHONY: run
run: $(VENV)/runtime.stamp ## Start the service with made-up citizens, on this machine only (ARGS='--port 8200')
	@bin/ensure-command curl curl 'pasting the printed calls' || true
	@export SHANGDING_COMMIT=$${SHANGDING_COMMIT:-$$(git rev-parse --short HEAD 2>/dev/null)}; exec $(BIN)/shangding demo $(ARGS)

.PHONY: cities
cities: $(VENV)/runtime.stamp ## Start three cities that recognise each other, and walk through visits (ARGS=--once)
	@bin/ensure-command curl curl 'pasting the printed calls' || true
	@exec $(BIN)/shangding cities $(ARGS)

.PHONY: test
test: $(VENV)/dev.stamp printing ## Run every test on SQLite and PostgreSQL, with a real Redis
	@bin/ensure-command redis-server redis-server 'the test suite'
	@PATH="$$PATH:/usr/sbin" bin/ensure-command nginx nginx-light 'the test suite'
	@bin/ensure-command java openjdk-17-jre-headless 'the test suite'
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

.PHONY: test-long
test-long: $(VENV)/dev.stamp printing ## Run the tests that take minutes: a million rows, kills, floods, long fuzzing
	@bin/ensure-command redis-server redis-server 'the test suite'
	@PATH="$$PATH:/usr/sbin" bin/ensure-command nginx nginx-light 'the test suite'
	@bin/ensure-command java openjdk-17-jre-headless 'the test suite'
	$(BIN)/pytest -m long $(ARGS)

.PHONY: test-fast
test-fast: $(VENV)/dev.stamp printing ## Run the tests on SQLite only, with few hypothesis examples
	@bin/ensure-command redis-server redis-server 'the test suite'
	@PATH="$$PATH:/usr/sbin" bin/ensure-command nginx nginx-light 'the test suite'
	@bin/ensure-command java openjdk-17-jre-headless 'the test suite'
	HYPOTHESIS_PROFILE=quick $(BIN)/pytest -k "not postgresql" $(ARGS)

.PHONY: coverage
coverage: $(VENV)/dev.stamp printing ## Run every test and show which lines none of them reaches
	@bin/ensure-command redis-server redis-server 'the test suite'
	@PATH="$$PATH:/usr/sbin" bin/ensure-command nginx nginx-light 'the test suite'
	@bin/ensure-command java openjdk-17-jre-headless 'the test suite'
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=term-missing $(ARGS)

.PHONY: printing
printing:
	@bin/ensure-file /usr/share/fonts/truetype/wqy/wqy-microhei.ttc fonts-wqy-microhei 'pictures with Chinese words'
	@bin/ensure-file '/usr/lib/*/libpangoft2-1.0.so.0' libpangoft2-1.0-0 'reports as PDF'

.PHONY: bench
bench: $(VENV)/dev.stamp ## Measure everything once more: ratios against stated floors, in some minutes
	$(BIN)/python -m benchmarks.evaluate
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.reads
	$(BIN)/python -m benchmarks.servers
	$(BIN)/python -m benchmarks.verifications

.PHONY: bench-city
bench-city: $(VENV)/dev.stamp ## Score invented cities of up to 247 million records: half an hour, 15 GB
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.rescore --folder $(CITIES) $(ARGS)

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style, types, boundaries and the API description
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd docs/examples && ../../$(BIN)/mypy --config-file= --strict --cache-dir=../../.mypy_cache *.py
	$(BIN)/lint-imports --no-logo
	$(BIN)/shangding openapi --check

.PHONY: format
format: $(VENV)/dev.stamp ## Rewrite the source in its one format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: openapi
openapi: $(VENV)/runtime.stamp ## Write openapi.yaml anew from the routes
	$(BIN)/shangding openapi

# The lock is made with the oldest Python we promise, Debian 12's 3.11.2: redis needs async-timeout there
# and nowhere later, and whatever the oldest one picks installs on the newer ones too.
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links --strip-extras --allow-unsafe --build-deps-for editable

.PHONY: lock
lock: $(VENV)/dev.stamp ## Lock the requirements anew, keeping versions that still fit (ARGS=--upgrade for newer)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 11, 3))' || \
		{ echo "make lock: the lock is made with Python 3.11.0 to 3.11.2, as Debian 12 has it;" \
			"run: make clean lock PYTHON=/usr/bin/python3" >&2; exit 1; }
	$(LOCK) $(ARGS) --output-file requirements/runtime.txt pyproject.toml
	$(LOCK) $(ARGS) --extra dev --constraint requirements/runtime.txt \
		--output-file requirements/dev.txt pyproject.toml

.PHONY: clean
clean: ## Remove what these commands have made, .venv included
	rm -rf $(VENV) build dist *.egg-info htmlcov .coverage .coverage.*
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@bin/create-venv $(VENV) $(PYTHON)

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/runtime.stamp
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@
