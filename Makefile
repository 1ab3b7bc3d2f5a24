# Alliance. `make` lists what there is.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# small: about 8 districts and 6,000 students with a year played; none: start empty.
SAMPLE ?= small
# Of `make mississippi`: SCALE=1 is the whole state; FORM is embedded or distributed.
SCALE ?= 0.05
FORM ?= embedded
export ALLIANCE_VAR ?= var

# A part is started often, by the tests some hundred times: what Python compiles is kept, also where the environment
# says otherwise. Packages are compiled by whoever imports them first, not when they are installed: most of what they
# hold nobody imports.
export PYTHONDONTWRITEBYTECODE =

VENV := .venv
BIN := $(VENV)/bin
# Whichever comes first and is 3.11 or newer; `make PYTHON=... up` chooses another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: help up down serve test tests faults bench lint types mississippi servers

help: ## this list
	@echo 'make up            start everything in one process, with a sample state (SAMPLE=none: empty)'
	@echo 'make down          stop what `make up` or `make serve` started'
	@echo 'make serve         the distributed form: a process per part, on PostgreSQL and RabbitMQ'
	@echo 'make mississippi   144 real districts, a simulated year, what was recovered (SCALE=0.05 FORM=embedded)'
	@echo 'make test          install what the tests need, then every check and every test'
	@echo 'make faults        every fault under load, on servers of its own; the verdicts go to docs/reliability.md'
	@echo 'make bench         measure against eventsourcing, stock nameko and bare drivers (ROWS="publish live": only these)'
	@echo 'make lint          style and import contracts'
	@echo 'make types         static types'

up: $(VENV)/.runtime
	@ALLIANCE_SAMPLE=$(SAMPLE) exec $(BIN)/alliance serve embedded

down:
	@sh deploy/stop.sh "$(ALLIANCE_VAR)"

serve: $(VENV)/.runtime
	@exec $(BIN)/python -m deploy.serve

mississippi: $(VENV)/.runtime
	@exec $(BIN)/python -m deploy.mississippi $(SCALE) $(FORM)

# Style and types are checked beside the tests, which wait now and then: what is wrong with them stands among the dots.
test:
	@$(MAKE) --no-print-directory --jobs 2 servers $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs 2 tests lint types

# Two processes, each with servers of its own and whole files to itself; a third one was no faster on two cores. Files
# are handed out folder by folder: a platform that a folder's files share is stopped when the next file is another's.
# Faults and whole platforms are tested against real clocks, which a busy machine can starve: what failed is run once
# more, alone, and said to be unsteady if it passes then. The processes fill the cores: numpy's threads would only be
# in each other's way.
tests: export OPENBLAS_NUM_THREADS = 1
tests: servers $(VENV)/.dev
	@rm -rf .pytest_cache; $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder; status=$$?; [ $$status -eq 1 ] || exit $$status; \
		echo 'Running what failed once more, alone. What passes now is unsteady: mend it.'; \
		$(BIN)/pytest -q --last-failed --last-failed-no-failures none

# About half an hour. ROWS="broker steps" runs these only.
faults: servers $(VENV)/.dev
	@$(BIN)/python -m tests.faults.matrix $(if $(ROWS),--only $(ROWS)) --write docs/reliability.md

# About half an hour on a machine that does nothing else. SCALE_BENCH=0.01 only shows that every row works.
bench: servers $(VENV)/.dev $(VENV)/peers/.filled
	@$(BIN)/python -W ignore -m tests.benchmarks $(if $(ROWS),--only $(ROWS)) --scale $(or $(SCALE_BENCH),1)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev
	$(BIN)/mypy

servers:
	@deploy/install-servers.sh

# Both locks are whole, so nothing is left to resolve.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile

# The stamps say which locks the environment was last filled from.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo 'Installing pinned dependencies into $(VENV) ...'
	@$(INSTALL) -r requirements.lock
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

# Two at once, since one keeps a single core busy for a minute: the locks have no package in common, and what is ours
# comes after both.
$(VENV)/.dev: requirements-dev.lock requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo 'Installing pinned dependencies and those of development into $(VENV) ...'
	@$(INSTALL) -r requirements-dev.lock & development=$$!; $(INSTALL) -r requirements.lock; status=$$?; \
		wait $$development && exit $$status
	@$(INSTALL) --no-build-isolation --editable .
	@touch $(VENV)/.runtime $@

# What the benchmark compares with, apart from everything of ours.
$(VENV)/peers/.filled: requirements-peers.lock | $(VENV)/bin/python
	@$(BIN)/python -m venv --clear $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-peers.lock
	@touch $@

$(VENV)/bin/python:
	@test -n '$(PYTHON)' || { echo 'Alliance needs Python 3.11 or newer; none was found.' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo 'The environment could not be made. On Debian, as root: apt-get install python3-venv' >&2; exit 1; }
