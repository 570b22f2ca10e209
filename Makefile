# `make help` lists the targets.  Everything happens in $(VENV) and build/; nothing else is touched.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
BENCH_ARGS ?=
MORE ?= browse counter installing moving prompt queue scanning service stream testing waiting
SEEDS ?= 1000
KILLS ?= 1000
POWER_LOSSES ?= 2000
INSTRUCTIONS ?= --check
PYTHONS ?= python3.10 python3.11 python3.12 python3.13 python3.14

BIN := $(VENV)/bin
PY := $(BIN)/python
# Two tests at a time where there are two processors; PYTEST_ARGS=-n0 runs one after the other.
PYTEST := $(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile
CLUSTER := $(CURDIR)/build/cluster
FDBCLI := docker compose exec -T fdb fdbcli --timeout 60 --exec

# What a change of makes it necessary to build and install again; Python sources are used in place.
SOURCES := setup.py pyproject.toml tools/build_engine.py \
	$(wildcard native/*.py native/*/*.c native/*/*.h engine/*/*.cc engine/*/*.h engine/*/*.inc) \
	$(wildcard vendor/fdb_c_headers/foundationdb/*.h)

# What clang-format watches over; the headers of the ABI are tables with a layout of their own.
FORMATTED := $(wildcard engine/*/*.cc engine/*/*.h native/binding/*.[ch] native/shim/*.[ch] native/tuple/*.[ch]) \
	$(wildcard tests/*.c tests/*/*.c tests/*/*.cc tests/*/*.h benchmarks/*.[ch])

QUICK_TESTS := $(wildcard tests/test_open*.py) tests/startup/test_opening.py tests/tuple tests/waiting \
	tests/native/test_lifetimes.py tests/project/test_packaging.py \
	tests/test_loop_frames.py tests/test_attempt_loops.py tests/test_flows.py tests/observing/test_observation.py \
	tests/testing/test_tracing.py tests/testing/test_kept.py tests/testing/test_driven.py
# Tests that ask no database anything, those that run suites and pages of their own, those of what answers to databases look like, and
# those of the command line and the page, which are programs on what all others test.
WITHOUT_ANSWERS := tests/project tests/generated tests/tuple tests/benchmarks tests/site \
	$(wildcard tests/testing/test_pytest_plugin*.py) tests/testing/test_guide.py tests/testing/test_unittest.py tests/examples/test_tested.py \
	tests/doctor tests/display tests/cli tests/shell tests/dump tests/browse

.DEFAULT_GOAL := help
.PHONY: help setup build docs docs-seen pictures foundationdb-shim demo test test-quick test-late test-file test-random test-pure lint format typecheck \
	generate check-generated parity bench bench-pages bench-more bench-cluster bench-growth bench-durable bench-instructions bench-testing crash-test asan asan-python tsan conformance bindingtester peers layers-seeds sim test-all-pythons wheels release-check \
	cluster-up cluster-down test-cluster clean

##@ Begin

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' Makefile

$(VENV)/installed: $(SOURCES)
	@$(PYTHON) tools/build_engine.py --check-tools
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "error: $(PYTHON) cannot make virtual environments: install them (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	$(PY) tools/build_engine.py
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

# The heavy tools of some tests; those tests are skipped where they are missing.
$(VENV)/tooled: pyproject.toml $(VENV)/installed
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[test-tools,examples]'
	@touch $@

$(VENV)/linters: pyproject.toml $(VENV)/installed
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[lint,examples]'
	@touch $@

$(VENV)/documented: pyproject.toml $(VENV)/installed
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

$(VENV)/benchmarked: pyproject.toml $(VENV)/installed
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

$(VENV)/releasing: pyproject.toml $(VENV)/installed
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[release]'
	@touch $@

setup: $(VENV)/installed ## create .venv with the package and what its tests need

build: $(VENV)/installed ## build a wheel with the engine into dist/
	$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

foundationdb-shim: $(VENV)/installed ## build a stand-in for the official package into dist/ (FOUNDATIONDB_VERSION=7.4.8)
	$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist shims/foundationdb

demo: $(VENV)/installed ## run the example: real data, indexes, 20 threads
	$(PY) examples/unicode_database.py

##@ Test

test: $(VENV)/tooled ## run all tests (PYTEST_ARGS=... is passed on)
	$(PYTEST) $(PYTEST_ARGS)

test-random: $(VENV)/tooled ## run the tests in random order (PYTEST_ARGS=--randomly-seed=... repeats one)
	$(PYTEST) -p randomly -m "not slow" $(PYTEST_ARGS)

test-quick: $(VENV)/installed ## run what may depend on the Python: opening, tuples, waiting, packaging
	$(PYTEST) $(QUICK_TESTS) $(PYTEST_ARGS)

test-pure: $(VENV)/tooled ## run the tests with the tuple layer in pure Python
	FDB_PURE_TUPLE=1 $(PYTEST) $(PYTEST_ARGS)

test-late: export FDB_EMBEDDED_LATENCY = 0-2ms
test-late: $(VENV)/tooled ## run the tests of client, layers and test kit with answers as late as a cluster's (docs/guides/late-answers.md)
	$(PYTEST) -m "not slow" $(addprefix --ignore=,$(WITHOUT_ANSWERS)) $(PYTEST_ARGS)

test-file: export FDB_TESTS_IN_FILES = 1
test-file: $(VENV)/tooled ## run the tests with databases in files instead of in memory
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

##@ Check and write

docs: $(VENV)/documented ## build the documentation site into build/site; a warning is an error
	$(PY) tools/site/gather.py
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c tools/site -d build/doctrees build/pages build/site
	$(PY) tools/site/check_reference.py build/site
	@echo "build/site/index.html"

docs-seen: export FDB_TESTS_ALL_PAGES = 1
docs-seen: docs $(VENV)/tooled ## look at every page of the site in a browser, by all rules of accessibility
	$(PY) -m pytest tests/site/test_seen.py $(PYTEST_ARGS)

pictures: export FDB_PICTURES = 1
pictures: $(VENV)/tooled ## take the pictures of the documentation anew (docs/pictures/)
	$(PYTEST) $(shell grep -rl 'picture(' tests --include='test_*.py')

lint: typecheck ## check style, types and layers, and compile the engine without warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(FORMATTED)
	$(PY) tools/check_layers.py
	$(PY) tools/check_sizes.py
	$(PY) tools/build_engine.py --werror

format: $(VENV)/linters ## lay out Python, C and C++ as lint wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(FORMATTED)

typecheck: $(VENV)/linters ## check the types of the package, and what checkers see of it
	$(PY) tools/check_types.py

generate: ## write the generated files anew
	$(PYTHON) tools/generate.py

check-generated: ## fail if a generated file is stale
	$(PYTHON) tools/generate.py --check

parity: $(VENV)/installed ## compare the public names with the official packages (docs/reference/parity.md)
	$(PY) tools/parity.py

##@ Measure

bench: $(VENV)/benchmarked ## measure beside the official package, C loops, lmdb and sqlite3 (BENCH_ARGS=... is passed on; benchmarks/README.md)
	$(PY) benchmarks/run.py --output build/bench/results.json $(BENCH_ARGS)

bench-pages: $(VENV)/benchmarked ## measure everything, and write tables and pictures into the pages
	$(PY) benchmarks/run.py --output benchmarks/results.json $(BENCH_ARGS)
	$(PY) benchmarks/report.py
	$(PY) benchmarks/growth.py --write

bench-more: $(VENV)/benchmarked ## measure what a full run leaves out, and write the tables of all pages (MORE="queue stream": only these)
	$(PY) benchmarks/run.py $(MORE) --keep $(BENCH_ARGS)
	$(PY) benchmarks/report.py

bench-cluster: $(VENV)/benchmarked ## measure the client on the cluster of FDB_CLUSTER_FILE, with the library of FDB_LIBRARY_PATH
	$(PY) benchmarks/run.py cluster --output build/bench/cluster.json

bench-growth: $(VENV)/benchmarked ## measure how cost grows with pairs, threads, transactions, readers
	$(PY) benchmarks/growth.py

bench-durable: $(VENV)/benchmarked ## compare files with sqlite3 and lmdb at 1e6 and 1e7 pairs
	$(PY) benchmarks/run.py durable --rounds 5 --pairs 1000000 10000000

bench-instructions: $(VENV)/installed ## count the engine's instructions, compare with what is kept (INSTRUCTIONS=--update keeps them)
	$(PY) benchmarks/instructions.py $(INSTRUCTIONS)

bench-testing: $(VENV)/installed ## measure what fixtures, faults, clocks and logs of the test kit cost
	$(PY) benchmarks/run.py testing

##@ Test more

asan: ## run the engine's tests under AddressSanitizer and UBSan
	@$(PYTHON) tools/build_engine.py --sanitize=address --tests

asan-python: $(VENV)/installed ## run tests with the C extensions under AddressSanitizer, UBSan and LeakSanitizer
	$(PY) tools/asan_python.py

tsan: ## run the engine's tests under ThreadSanitizer
	@$(PYTHON) tools/build_engine.py --sanitize=thread --tests

conformance: $(VENV)/installed ## replay every recording of a real server
	$(PY) tests/conformance/run.py
	$(PY) tests/conformance/run.py --package ours --database file

bindingtester: $(VENV)/installed ## compare random programs with the official package (SEEDS=1000)
	$(PY) tests/bindingtester/compare.py --seeds $(SEEDS)

peers: $(VENV)/installed ## run other people's clients on the engine
	$(PY) tests/peers/run.py

layers-seeds: export FDB_LAYERS_SEEDS = $(SEEDS)
layers-seeds: $(VENV)/installed ## test that layers lose and double nothing under many seeds of faults (SEEDS=1000)
	$(PYTEST) tests/layers $(PYTEST_ARGS)

sim: ## check histories of random transactions against a model (SEEDS=1000)
	@$(PYTHON) tools/build_engine.py --tests --only simulation_test --no-run
	build/engine/simulation_test $(SEEDS)

crash-test: $(VENV)/installed ## kill programs that commit to files (KILLS=1000), cut their power (POWER_LOSSES=2000)
	$(PY) tests/stress/kill_run.py --kills $(KILLS)
	$(PY) tools/build_engine.py --tests --only power --no-run
	build/engine/power_loss_test $(POWER_LOSSES)
	build/engine/durable_power_test $(POWER_LOSSES) $(POWER_LOSSES)

test-all-pythons: ## run the tests with each of $(PYTHONS) that is installed
	@pythons=$$($(PYTHON) tools/pythons.py $(PYTHONS)) || exit 1; \
	for python in $$pythons; do \
		echo "== $$python"; \
		$(MAKE) --no-print-directory test PYTHON=$$python VENV=.venv-$$(basename $$python) || exit 1; \
	done

##@ A real server

cluster-up: ## start a FoundationDB server in Docker, for test-cluster
	docker compose up --detach
	mkdir -p $(CLUSTER)
	echo "docker:docker@127.0.0.1:4500" > $(CLUSTER)/fdb.cluster
	docker compose cp fdb:/usr/lib/libfdb_c.so $(CLUSTER)/libfdb_c.so
	$(FDBCLI) "status minimal" | grep -q "is available" || \
		$(FDBCLI) "configure new single ssd tenant_mode=optional_experimental"
	for attempt in $$(seq 30); do \
		$(FDBCLI) "status minimal" | grep "is available" && exit 0; sleep 1; \
	done; echo "error: the database did not become available"; exit 1

cluster-down: ## stop that server and delete its data
	docker compose down --volumes

test-cluster: export FDB_CLUSTER_FILE = $(CLUSTER)/fdb.cluster
test-cluster: export FDB_LIBRARY_PATH = $(CLUSTER)/libfdb_c.so
test-cluster: $(VENV)/installed ## run the tests and the binding tester on that server
	$(PY) -m pytest $(PYTEST_ARGS)
	$(PY) tests/bindingtester/compare.py --seeds 50 --cluster $(CLUSTER)/fdb.cluster

##@ Release

wheels: $(VENV)/releasing ## build a wheel for each of $(PYTHONS) that is installed, into dist/
	$(PY) tools/build_wheels.py --output dist $(PYTHONS)

release-check: $(VENV)/releasing ## make wheel and sdist and check them; install each into an empty environment
	$(PY) tools/release_check.py

##@ Tidy up

clean: ## delete everything that was built
	rm -rf build dist *.egg-info shims/*/build shims/*/*.egg-info .venv .venv-* .pytest_cache .mypy_cache .ruff_cache
	rm -rf fdb/embedded/lib fdb/embedded/include fdb/*/*.so fdb/*/*.dylib
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
