# LiveOn's commands. Everything sets itself up; nothing but git, python3 and make is needed beforehand.

unexport PYTHONDONTWRITEBYTECODE
PYTHON_IN_VENV := .venv/bin/python
PYTEST := $(PYTHON_IN_VENV) -m pytest --quiet --durations 10
PACKAGES := liveon tenants audit accounts conferences admintool
SERVE := $(PYTHON_IN_VENV) manage.py serve
SERVE_OPTIONS := $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT)) $(if $(MEDIA_PORT),--media-port $(MEDIA_PORT)) \
	$(if $(WORKERS),--workers $(WORKERS)) $(if $(TLS),--tls)

.NOTPARALLEL:
.PHONY: help .venv run dev product tools check format test test-python test-embedded test-services test-js test-browsers test-long fuzz bench bench-peers lock clean

help:
	@echo "make run         start LiveOn on http://localhost:8000   (TLS=1 HOST=<address> for other devices)"
	@echo "make dev         the same with debug pages, on this machine only"
	@echo "make check       format, lint, types, import rules, templates, migrations"
	@echo "make format      lay out and repair what check can repair"
	@echo "make test        every test: embedded, PostgreSQL and Redis, JavaScript, browsers"
	@echo "make test-long   impairment, soak and size   make fuzz   many random inputs (MINUTES=60)   make bench   costs as JSON lines"
	@echo "make bench-peers the same beside Janus, in a network of its own (root)"
	@echo "make lock        resolve the dependencies anew"

.venv: tools

product:
	@sh tools/bootstrap.sh run

tools:
	@sh tools/bootstrap.sh dev

run: product
	@exec $(SERVE) $(SERVE_OPTIONS)

dev: product
	@LIVEON_DEBUG=1 exec $(SERVE) --host 127.0.0.1 $(if $(PORT),--port $(PORT))

check: tools node_modules/.package-lock.json
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	$(PYTHON_IN_VENV) -m mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/djade --check --target-version 5.2 $$(git ls-files '*/templates/*.html')
	LIVEON_DATA_DIR=$$(mktemp -d) $(PYTHON_IN_VENV) manage.py makemigrations --check --dry-run
	node_modules/.bin/tsc --project tsconfig.json

format: tools
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	.venv/bin/djade --target-version 5.2 $$(git ls-files '*/templates/*.html')

test: test-python test-js test-browsers

# Three runs at once, the others' output after the first one's: they wait more than they compute.
HALF := tests/accounts tests/conferences tests/media_sfu tests/tenants
ON_SERVICES := tests/tenants tests/audit tests/integration tests/test_backends.py tests/conferences/test_races.py \
	tests/conferences/test_capacity.py tests/conferences/test_seats.py \
	tests/conferences/signalling/test_two_processes.py tests/conferences/signalling/test_removal.py \
	tests/conferences/signalling/test_revocation.py tests/accounts/test_imports_killed.py tests/admintool/test_entrance.py
test-python: tools test-packages
	@log=$$(mktemp); more=$$(mktemp); \
	$(PYTEST) -m "not e2e and not long" $(HALF) >$$log 2>&1 & half=$$!; \
	$(PYTEST) -m "not e2e and not long" --services $(ON_SERVICES) >$$more 2>&1 & services=$$!; \
	$(PYTEST) -m "not e2e and not long" $(HALF:%=--ignore=%); rest=$$?; \
	wait $$half; half=$$?; wait $$services; services=$$?; cat $$log $$more; rm -f $$log $$more; exit $$((rest + half + services))

test-embedded: tools
	$(PYTEST) -m "not e2e and not long"

# The whole suite on PostgreSQL and Redis; `make test` runs the part of it where they make a difference.
test-services: tools test-packages
	$(PYTEST) -m "not e2e and not long" --services $(wildcard $(PACKAGES:%=tests/%)) tests/integration tests/test_backends.py

test-js: node_modules/.package-lock.json
	node --test tests/js/*.test.mjs

test-browsers: tools test-packages node_modules/.package-lock.json
	$(PYTEST) -m "e2e and not long"

test-long: test-services node_modules/.package-lock.json
	$(PYTEST) -m long
	@$(MAKE) fuzz MINUTES=$(or $(MINUTES),60)

# One round of CASES inputs for each test; with MINUTES rounds with new inputs until the time is over.
fuzz: tools
	@end=$$(( $$(date +%s) + 60 * $(or $(MINUTES),0) )); rounds=0; \
	while LIVEON_FUZZ_CASES=$(or $(CASES),$(if $(MINUTES),5000,20000)) $(PYTEST) -m fuzz --timeout 0; do \
		rounds=$$(( rounds + 1 )); \
		if [ $$(date +%s) -ge $$end ]; then echo "fuzz: $$rounds rounds, nothing found"; exit 0; fi; \
	done; exit 1

bench: tools
	@$(PYTHON_IN_VENV) -m tests.bench

bench-peers: tools
	@command -v janus >/dev/null || sh tools/apt-install.sh janus
	@sh tools/bench-network.sh $(PYTHON_IN_VENV) -m tests.bench.peers

.PHONY: test-packages
test-packages:
	@sh tools/test-packages.sh

node_modules/.package-lock.json: package-lock.json
	@sh tools/test-packages.sh
	npm ci --no-fund --no-audit
	@touch $@

# Without addresses of a registry, for every platform, product and tools in the same versions.
LOCK := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --upgrade
lock: tools
	$(LOCK) --group dev pyproject.toml --output-file requirements-dev.txt
	$(LOCK) --constraint requirements-dev.txt pyproject.toml --output-file requirements.txt
	grep -E '^uv==' requirements-dev.txt | sed 's/ .*//' | $(LOCK) - --output-file requirements-uv.txt
	npm install --package-lock-only --no-fund --no-audit
	! grep -E '^(--|-i|-f)|https?://' requirements*.txt
	! grep -E '"resolved"' package-lock.json

clean:
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
