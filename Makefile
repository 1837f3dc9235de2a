# Crosstalk. `make` alone prints what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install demo up test test-fast test-native lint bench native native-clean docs requirements clean
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
UV ?= uv
BROWSER_TESTS := .venv/.browser-tests

help: ## this list
	@echo "make TARGET:"
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  %-13s %s\n", $$1, $$2}'

install: .venv/.installed ## only the virtual environment .venv with everything in it

.venv/.installed: requirements.txt
	@set -e; python="$(PYTHON)"; \
	if [ -z "$$python" ]; then for one in python3.11 python3 python3.12 python3.13 python3.14; do \
	  if "$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$one"; break; fi; \
	done; fi; \
	if ! "$${python:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Crosstalk needs Python 3.11 or newer. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 2; \
	fi; \
	if [ ! -x $(BIN)/python ] || ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
	  "$$python" -m venv --clear .venv || { \
	    echo "The virtual environment could not be made. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }; \
	fi; \
	echo "installing into .venv ..."; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r requirements.txt; \
	touch $@

demo: install ## everything for a newcomer, with recorded workflows (PORT, HOME_DIR, DEMO_PASSWORD, DEMO_API_KEY; ONCE=1 checks and ends)
	@exec $(BIN)/python manage.py demo $(if $(ONCE),--once)

up: install ## the same server without sample data (PORT, HOME_DIR; docs/settings.md)
	@exec $(BIN)/python manage.py serve

test: install $(BROWSER_TESTS) ## all tests; browser tests need chromium, which is installed where it may be
	@if [ -s $(BROWSER_TESTS) ]; then cat $(BROWSER_TESTS); $(BIN)/pytest -m "not browser"; else $(BIN)/pytest; fi

.PHONY: $(BROWSER_TESTS)
$(BROWSER_TESTS): install
	@: > $@; \
	if command -v chromium >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing chromium for the browser tests ..."; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } \
	    >.venv/chromium.log 2>&1 </dev/null || true; \
	fi; \
	command -v chromium >/dev/null || \
	  echo "No chromium here, and it may not be installed: the browser tests are left out." > $@

test-fast: install ## tests without browser and fault tests
	@$(BIN)/pytest -m "not browser and not faults"

test-native: native ## the compiled core against every label, reference answer and hostile context, and under the services
	@$(BIN)/pytest --compiled -m "not interpreted" tests/detection/test_corpus.py tests/detection/test_random.py \
	  tests/detection/test_foreign_value_corpus.py tests/detection/test_hostile.py \
	  tests/monitor/services/test_calm.py tests/monitor/services/test_detect.py

lint: install ## ruff, mypy, import contracts, migration check, templates, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python manage.py render_rules --check

native: install ## compiles the detection core, which then judges about 1.7 times as fast (needs a C compiler)
	@$(BIN)/python manage.py compile_core

native-clean: install ## removes the compiled core; the sources are used again
	@$(BIN)/python manage.py compile_core --remove

bench: install ## all benchmarks into benchmarks/results.json, or one: make bench ONLY=ingest-batch
	@$(if $(if $(ONLY),$(filter detect-% judge-%,$(ONLY)),all),$(BIN)/python manage.py compile_core --if-possible)
	@$(BIN)/python -m benchmarks.run $(if $(ONLY),--only $(ONLY))

docs: install ## docs/rules.md from the rules themselves
	@$(BIN)/python manage.py render_rules

requirements: ## requirements.txt from pyproject.toml, with hashes, for all platforms (needs uv)
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev --no-emit-index-url \
	  --custom-compile-command "make requirements" --output-file requirements.txt pyproject.toml

clean: ## removes the environment, caches, the compiled core and the embedded servers' data
	find monitor \( -name '*.so' -o -name compiled.stamp \) -delete
	rm -rf .venv .static .crosstalk .crosstalk-test .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
