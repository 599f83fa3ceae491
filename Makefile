# `make help` lists what can be done.
SHELL := /bin/bash
.DEFAULT_GOAL := help
ARGS ?=
# Root works in the folders of whoever calls, and leaves no files there that only root can remove.
AS_ROOT = $(if $(filter-out 0,$(shell id -u)),sudo env HOME="$$HOME" PYTHONDONTWRITEBYTECODE=1)
export PYTHON
BUILDER ?=
VERSION = $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' host/version.py)

.PHONY: help launch test quick fresh lab lab-images lab-down test-clusters images engines wasm check format lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
		while IFS='|' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done
	@echo '  ARGS="..." is given on: make launch ARGS="--scenario worldcup", make test ARGS="-k redis"'

launch: ## install what is missing, bring the stack up and open the room
	@bin/bootstrap runtime
	@exec .venv/bin/controlroom launch $(ARGS)

# Tests are compiled once and kept, also where the environment says that Python keeps nothing.
quick: export PYTHONDONTWRITEBYTECODE =
quick: export PYTHONPYCACHEPREFIX = $(CURDIR)/.pytest_cache/compiled
quick: ## format, lint, types, layers and unit tests: no root, no engines, no network, a minute on two cores
	@[ -x .venv/bin/pytest ] || bin/bootstrap dev
	@part() { \
		local began=$$SECONDS; \
		".venv/bin/$$@" || { echo "quick: $$1 failed" >&2; exit 1; }; \
		printf '%4d s  %s\n' $$((SECONDS - began)) "$$1 $$2"; \
	}; \
	part ruff format --check . && part ruff check . || exit 1; \
	(part mypy && part lint-imports) & beside=$$!; \
	part pytest -q -n 4 --dist worksteal -m "not (engines or clusters or processes or long or pictures)" $(ARGS); \
	wait $$beside && printf '%4d s  all\n' $$SECONDS

# Tests find no program that neither a bare Debian has nor bin/bootstrap names (tests/bare.py). Two
# processes share them out: those of engines mostly wait (tests/turns.py).
test: ## install what the tests need and run all of them on real engines
	@bin/bootstrap dev
	@path=$$(.venv/bin/python -m tests.bare dev) && \
		exec env --unset=JAVA_HOME PATH="$$path" \
			.venv/bin/pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

fresh: ## try both commands on a bare Debian 12 and 13 (root or sudo; minutes); SUITE=12, ARGS="tests/engines"
	@bin/bootstrap dev
	@$(AS_ROOT) .venv/bin/python -m tests.fresh $(or $(SUITE),all) --args="$(ARGS)"

lab: ## bring two real Kubernetes clusters up on this machine (root or sudo; the first time builds them)
	@bin/bootstrap lab
	@$(AS_ROOT) .venv/bin/controlroom lab up $(ARGS)

lab-images: ## make the container images and give them to the lab's clusters (cargo; minutes the first time)
	@$(MAKE) --no-print-directory engines
	@$(MAKE) --no-print-directory images BUILDER=
	@$(AS_ROOT) .venv/bin/controlroom lab load-image

lab-down: ## end the two clusters and remove everything of them
	@$(AS_ROOT) .venv/bin/controlroom lab down

test-clusters: ## run the tests that need real clusters (root or sudo)
	@bin/bootstrap clusters
	@path=$$(.venv/bin/python -m tests.bare clusters) && \
		$(AS_ROOT) env --unset=JAVA_HOME PATH="$$path" .venv/bin/controlroom lab doctor >&2 && \
		exec $(AS_ROOT) env --unset=JAVA_HOME PATH="$$path" \
			.venv/bin/pytest -p no:cacheprovider -m clusters $(ARGS)

images: ## make the container images; BUILDER=docker or podman makes them by Dockerfile
	@bin/bootstrap runtime
ifeq ($(BUILDER),)
	@.venv/bin/python -m images $(ARGS)
else
	@for name in services load room; do \
		$(BUILDER) build -f images/$$name/Dockerfile -t localhost/controlroom/$$name:$(VERSION) . || exit 1; done
endif

engines: ## build the faster document store (cargo, cmake, ninja, a C compiler; minutes)
	@bin/bootstrap runtime
	@.venv/bin/python -m stack.install --rust-store

wasm: ## build the module of the WASM producer anew (rustc with wasm32-wasip1 or wasm32-wasi)
	@bin/wasm

check: ## format, lint, types and layers
	@bin/bootstrap dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: ## format the code
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix-only .

lock: ## write requirements/*.txt and the locks of the engines' wheels, with hashes
	@bin/lock

clean: ## remove .venv and what tools left here; the stack's own files stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Engines stay in ~/.cache/controlroom, data in ~/.local/state/controlroom."
