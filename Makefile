# Everything a person needs: make demo, make test. The rest is for developers.
SHELL := /bin/bash
PYTHON ?= python3
PYTHON_CLIENTS ?= python3.13
BIN := .venv/bin
ARGS ?=

.PHONY: demo test lint types unit bench test-faults test-field test-clients dist apt lock clean

demo: .venv/installed
	@$(BIN)/shishigaki demo $(ARGS)

test: .venv/installed apt lint types unit

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

unit: .venv/installed
	$(BIN)/pytest -m "not long" -n 2 --dist loadfile $(ARGS)

test-faults: .venv/installed apt
	$(BIN)/pytest -m long tests/faults -s $(ARGS)

test-field: .venv/installed apt
	$(BIN)/pytest -m long tests/field -s $(ARGS)

# Other people's programs beside ours. Home Assistant needs a newer Python than a board has.
test-clients: .venv/installed .venv-clients/installed apt
	$(BIN)/pytest -m long tests/clients -s $(ARGS)

.venv-clients/installed: tests/clients/requirements.txt
	$(PYTHON_CLIENTS) -m venv --clear .venv-clients
	.venv-clients/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench: .venv/installed apt
	$(BIN)/python -m tests.bench $(ARGS)

# What a Raspberry Pi needs, in one file: the wheel with the map's assets, hashed requirements, deploy/.
dist: .venv/installed
	sh deploy/dist.sh $(BIN)/pip

# Real servers and a browser for the tests; says what is missing where it may not install.
apt:
	@sh tests/apt.sh

# The editable install runs hatch_build.py, which fetches the map's assets with npm when they changed.
.venv/installed: requirements.txt tests/requirements.txt pyproject.toml hatch_build.py package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed once to fetch the map's assets: sudo apt-get install npm"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# The hashed requirements, free of any registry's name, from pyproject.toml (needs uv).
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra dev -c requirements.txt pyproject.toml -o tests/requirements.txt
	printf 'homeassistant==2025.4.4\npaho-mqtt==2.1.0\n' | uv pip compile -q --universal --python-version 3.13 --generate-hashes --no-header --no-annotate - -o tests/clients/requirements.txt

clean:
	rm -rf .venv .venv-clients node_modules dashboard/static/vendor dist
