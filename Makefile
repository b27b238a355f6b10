# Everything a person needs: make demo, make test. The rest is for developers.
SHELL := /bin/bash
PYTHON ?= python3
PYTHON_CLIENTS ?= python3.13
BIN := .venv/bin
ARGS ?=
WORKERS ?= 4
ARCH ?= aarch64
KEY ?=

# The tests start the program hundreds of times: it is compiled once, also where the environment would not keep that.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo region test lint types unit bench evaluate first-sight test-faults test-science test-browser test-region test-field test-clients dist bundle apt lock clean

demo: .venv/installed
	@$(BIN)/shishigaki demo $(ARGS)

# A whole region on loopback: three PostgreSQL members, HAProxy, receivers, three simulated towns; its map.
region: .venv/installed apt
	@$(BIN)/python -m tests.support.region.demo $(ARGS)

# The type checker runs beside the tests, which mostly wait for servers.
test: .venv/installed apt lint
	@$(MAKE) --no-print-directory -j2 types unit

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

# One thread of linear algebra a worker: they share the cores already.
unit: .venv/installed
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -m "not long" -n $(WORKERS) --dist loadfile $(ARGS)

test-faults: .venv/installed apt
	$(BIN)/pytest -m long tests/faults --ignore=tests/faults/region tests/gateway tests/dashboard -s $(ARGS)

# Long simulations of the mathematics: coverage of intervals, false alarms, known truth.
test-science: .venv/installed
	$(BIN)/pytest -m long tests/science -s $(ARGS)

# Every test in a real browser, at phone and desktop size; make test takes the phone, leaves out the long ones, and
# takes the browser without a window where there is one.
test-browser: .venv/installed apt
	CHROMIUM=chromium $(BIN)/pytest tests/browser $(ARGS)

test-region: .venv/installed apt
	$(BIN)/pytest -m long tests/faults/region -s $(ARGS)

test-field: .venv/installed apt
	$(BIN)/pytest -m long tests/field -s $(ARGS)

# Other people's programs beside ours. Home Assistant needs a newer Python than a board has.
test-clients: .venv/installed .venv-clients/installed .venv-esphome/installed apt
	$(BIN)/pytest -m long tests/clients -s $(ARGS)

.venv-esphome/installed: tests/clients/esphome.txt
	$(PYTHON) -m venv --clear .venv-esphome
	.venv-esphome/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv-clients/installed: tests/clients/requirements.txt
	$(PYTHON_CLIENTS) -m venv --clear .venv-clients
	.venv-clients/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench: .venv/installed apt
	$(BIN)/python -m tests.bench $(ARGS)

# A year in Goto and a month of a municipality beside their truth; the README's table is made from the run.
evaluate: .venv/installed
	$(BIN)/shishigaki evaluate goto-2018:365 municipality:30 --out .evaluation $(ARGS) > .evaluation.md
	$(BIN)/python -m tests.support.documents.readme_section README.md evaluation < .evaluation.md
	@cat .evaluation.md

# What a person sees 10, 40 and 120 seconds after `make demo`, as pictures in a folder.
first-sight: .venv/installed apt
	$(BIN)/python -m tests.browser.demo.first_sight $(or $(ARGS),.first-sight)

# What a Raspberry Pi needs, in one file: the wheel with the map's assets, hashed requirements, deploy/.
dist: .venv/installed
	sh deploy/dist.sh $(BIN)/pip

# One signed file for an installation or an upgrade without a network: make bundle ARCH=aarch64 KEY=~/.minisign/minisign.key
bundle: .venv/installed
	@$(BIN)/python deploy/bundle.py $(ARCH) $(if $(KEY),--key $(KEY)) $(ARGS)

# Real servers and a browser for the tests; says what is missing where it may not install.
apt:
	@sh tests/apt.sh

# The editable install runs hatch_build.py, which fetches the map's assets with npm when they changed.
.venv/installed: requirements.txt tests/requirements.txt pyproject.toml hatch_build.py package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed, named by PYTHON=: make demo PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is needed: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# The hashed requirements, free of any registry's name, from pyproject.toml (needs uv).
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra dev --extra maps --extra region -c requirements.txt pyproject.toml -o tests/requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra region -c requirements.txt pyproject.toml -o deploy/region/requirements.txt
	printf 'homeassistant==2025.4.4\npaho-mqtt==2.1.0\n' | uv pip compile -q --universal --python-version 3.13 --generate-hashes --no-header --no-annotate - -o tests/clients/requirements.txt
	printf 'esphome==2025.12.7\n' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o tests/clients/esphome.txt

clean:
	rm -rf .venv .venv-clients .venv-esphome node_modules dashboard/static/vendor dist
