# Two commands do everything: `make demo` shows the daemon at work, `make test` proves it.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 9460
LOCK ?= requirements-dev.lock
STAMP := .venv/.$(LOCK)
# Two workers more than there are cores: many tests wait for a clock or a process most of their time.
WORKERS = -n $$(( $$(nproc 2>/dev/null || echo 2) + 2 )) --dist loadgroup

.PHONY: help .venv demo test test-fast lint bench mutants kills year soak fuzz reliability system-packages clean lock

# What there is to make, by the comments here.
help:
	@awk '/^# /{said=said (said ? " " : "") substr($$0, 3); next} /^[a-z-]+:/{split($$0, name, ":"); printf "%-16s%s\n", name[1], said} {said=""}' Makefile

.venv: $(STAMP)

# An emulated portal and the daemon on it, with its pages.
demo: $(STAMP)
	$(BIN)/messenger-monitor demo --port $(PORT) $(DEMO_OPTIONS)

# Everything, with the real Prometheus, Alertmanager, PostgreSQL and Chromium: ten to twenty minutes of two cores, by the machine.
test:
	@$(MAKE) --no-print-directory -j 2 $(STAMP) system-packages
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest $(WORKERS); code=$$?; [ $$code -eq 1 ] || exit $$code; \
	echo "Up to three of 7,000 tests may fail by a machine that stood still: they are tried once more, by themselves."; \
	$(BIN)/python -m tests.again .pytest_cache/v/cache/lastfailed && $(BIN)/pytest -n 1 --dist loadgroup -rA --last-failed --last-failed-no-failures none

# What needs no Debian packages.
test-fast: $(STAMP)
	$(BIN)/pytest $(WORKERS) -m "not real"

# ruff and mypy.
lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One table of all figures, in less than ten minutes; docs/performance.md holds the last one.
bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(BENCH_OPTIONS)

$(STAMP): pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON=..."; exit 1; }
	@echo "Installing into .venv (the first time takes a minute) ..."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -q --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/pip install -q -q --disable-pip-version-check --no-deps -e .
	@touch $@

# Installs what is missing of apt-packages.txt; without the right to do so, says what is missing.
system-packages:
	@missing=""; for p in $$(cat apt-packages.txt); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q "ok installed" || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then run=""; elif sudo -n true 2>/dev/null; then run="sudo"; else \
	    echo "missing Debian packages:$$missing - install them, or use make test-fast"; exit 1; fi; \
	  echo "Installing Debian packages:$$missing ..."; \
	  $$run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$run apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

# The versions anew, from pyproject.toml.
lock: $(STAMP)
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.lock

# Changes the engine of replies in two thousand ways and counts how many the tests notice (about six minutes).
mutants: $(STAMP)
	PYTHONPATH=. $(BIN)/mutmut run --max-children 2 >mutants.log 2>&1 || true
	@PYTHONPATH=. $(BIN)/mutmut results --all true | awk '{print $$NF}' | sort | uniq -c

# A month of an emulated portal, the daemon killed twelve hundred times at random, then four days with a death at every
# await of an hour's work: it must end as the undisturbed one does.
kills: $(STAMP)
	HOURS=$${HOURS:-720} KILLS=$${KILLS:-1200} AWAITED=$${AWAITED:-96} $(BIN)/pytest tests/crash -q -s -n 0 -p no:cacheprovider

# A guarantee's year lived by an emulated portal: three looks a day, three hundred kills.
year: $(STAMP)
	FORTNIGHTS=$${FORTNIGHTS:-26} LOOKS=$${LOOKS:-3} KILLED=$${KILLED:-300} $(BIN)/pytest tests/crash/test_year.py -q -s -n 0 -p no:cacheprovider

# A year of two hundred portals, half an hour: memory, descriptors, tasks and the database have to stay what they are.
soak: $(STAMP)
	$(BIN)/python -m benchmarks.soak $(SOAK_OPTIONS)

# Takes away what was made here.
clean:
	rm -rf .venv build mutants mutants.log dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Ten minutes of hostile answers; what breaks is kept in tests/fuzz/found and tried again by every later run here. Once
# mended it gets a name in tests/fuzz/corpus.
fuzz: $(STAMP)
	@end=$$(( $$(date +%s) + $${FUZZ_SECONDS:-600} )); while [ $$(date +%s) -lt $$end ]; do \
	  FUZZ=1 timeout $$(( end - $$(date +%s) + 1 )) $(BIN)/pytest tests/fuzz -q -x -p no:cacheprovider; code=$$?; \
	  if [ $$code -ne 0 ] && [ $$code -ne 124 ]; then exit $$code; fi; done; echo "nothing found"

# Runs the fault matrix and writes what was measured into docs/reliability.md.
reliability: $(STAMP)
	RELIABILITY=1 $(BIN)/pytest tests/faults tests/sharing -q -n 0 -p no:cacheprovider -k "not the_page_has"
