# What people and the CI run. Every target first builds .venv from requirements.lock; nothing else is asked of the machine.

PYTHON    ?= python3
WORKSPACE ?= .
BIN       := .venv/bin
READY     := .venv/ready
# The longest last; together they take about an hour.
BENCHES   := start_up mcp_overhead mcp_while_training scoring training serving command diagnosis month drift false_alarms
# uv where it is present and can reach an index, else pip: the same hashes either way.
UV        := $(shell command -v uv)
PIP       := $(BIN)/python -m pip install --quiet --no-deps

export PIP_DISABLE_PIP_VERSION_CHECK = 1
unexport PYTHONPATH  # the tests see the installed project, not what happens to lie around
unexport PYTHONDONTWRITEBYTECODE  # many images set it, and every process of a test run would compile all there is once more

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all soak conformance check static audit docs site dist bench stack serve agent mlflow lock format clean

help:  ## list these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' Makefile | while IFS='|' read -r name said; do printf '  %-15s %s\n' "$$name" "$$said"; done

demo: $(READY)  ## the whole story in one minute, in a temporary workspace
	@$(BIN)/churnops demo

# As many tests run at once as there are cores, so none gains by threads of its own.
test test-slow soak: export OMP_NUM_THREADS = 1
test test-slow soak: export OPENBLAS_NUM_THREADS = 1

test: $(READY)  ## the fast tests; with COVER=--cov also the coverage floor, as CI asks for it
	@echo "Running the fast tests"
	@$(BIN)/pytest -q -m "not slow and not soak" -n auto --dist loadfile $(COVER)

test-slow: $(READY) .venv/slow  ## the slow tests alone
	@$(MAKE) --no-print-directory .node/ready || echo "Without npm's packages the conformance tests are skipped"
	@echo "Running the slow tests"
	@$(BIN)/pytest -q -m "slow and not soak" -n auto --dist loadfile

test-all: test test-slow  ## the fast tests, then the slow ones

soak: $(READY) .venv/slow  ## what takes many minutes: every step of the kill matrix
	@echo "Running the longest tests"
	@$(BIN)/pytest -q -rP -m soak -n auto --dist load

conformance: $(READY) .node/ready  ## MCP's official conformance suite and Inspector against our server
	@echo "Running the conformance suite, both eras, and the Inspector"
	@$(BIN)/pytest -q -rP tests/conformance

check: static test  ## everything a change must pass: static checks, then the fast tests

static: $(READY)  ## format, lint, types and import contracts
	@echo "Checking format and lint"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check --quiet .
	@echo "Checking types"
	@$(BIN)/mypy
	@echo "Checking import contracts"
	@$(BIN)/lint-imports --no-logo

audit: $(READY)  ## known vulnerabilities of the locked packages; without a network it says so and passes
	@$(MAKE) --no-print-directory .venv-audit/ready >/dev/null 2>&1 || { echo "pip-audit cannot be installed without a network; nothing was audited"; exit 0; }; \
	test -e .venv-audit/ready || exit 0; echo "Auditing the locks"; \
	found=$$(.venv-audit/bin/pip-audit --progress-spinner off --disable-pip --require-hashes -r requirements.lock -r requirements-slow.lock -r requirements-docs.lock 2>&1) && passed=yes; \
	unseen=$$(printf '%s\n' "$$found" | grep -c "could not be audited"); \
	case "$$passed,$$unseen,$$found" in yes,0,*) echo "$$found";; \
	  yes,*) echo "Of $$unseen packages nothing is known: the list of vulnerabilities that can be reached here does not have them";; \
	  *"known vulnerabilit"*) echo "$$found"; exit 1;; *) echo "The list of vulnerabilities cannot be reached; nothing was audited";; esac

docs: $(READY)  ## write from the code: docs/reference.md, docs/questions.md, the drawing in docs/architecture.md, the pictures of docs/findings.md
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/questions.py
	@$(BIN)/python docs/structure.py
	@$(BIN)/python docs/finding_pictures.py

site: .venv-docs/ready  ## the docs site in site/, strictly: every page in the menu, every link and anchor there
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict && echo "The docs site is in site/: python3 -m http.server -d site shows it, with its search"

dist: $(READY)  ## wheel and sdist in dist/: of one commit always the same bytes
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build

bench: $(READY)  ## performance against named peers, as ratios
	@for script in $(BENCHES:%=bench/%.py); do echo "Running $$script"; $(BIN)/python "$$script" || exit 1; done

stack: $(READY) .venv/slow .venv-ui/ready  ## all services at work: drift, alert, triage, approval on the page, rollback, backup, restore
	@PYTHONPATH="$(CURDIR)" $(BIN)/python -m tests.stack

serve: $(READY)  ## predictions and the review page on port 8000 for WORKSPACE=.
	@$(BIN)/churnops serve --workspace "$(WORKSPACE)"

agent: $(READY)  ## one triage of WORKSPACE=.
	@$(BIN)/churnops triage --workspace "$(WORKSPACE)"

mlflow:  ## MLflow's web UI on port 5001 for WORKSPACE=.
	@test -f "$(WORKSPACE)/.churnops/mlflow.db" || { echo "No .churnops/mlflow.db in $(WORKSPACE); name a workspace: make mlflow WORKSPACE=DIR" >&2; exit 1; }
	@$(MAKE) --no-print-directory .venv-ui/ready
	@echo "MLflow on http://127.0.0.1:5001, Ctrl-C ends it"
	@cd "$(WORKSPACE)" && DO_NOT_TRACK=true MLFLOW_DISABLE_TELEMETRY=true \
	  "$(CURDIR)/.venv-ui/bin/mlflow" server --host 127.0.0.1 --port 5001 --backend-store-uri sqlite:///.churnops/mlflow.db

lock: $(READY)  ## bring the locks up to date with pyproject.toml: development, slow tests, image; with UPGRADE=--upgrade to the newest releases
	@echo "Locking"
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --group slow -c requirements.lock -o requirements-slow.lock
	@$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra postgresql --extra watch --extra s3 -c requirements.lock pyproject.toml \
	  -o requirements-image.lock
	@$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --group docs -o requirements-docs.lock

format: $(READY)  ## format, and fix what lint can fix
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

# Apart: nothing of churnops needs what makes its site, and its pages need nothing of churnops.
.venv-docs/ready: requirements-docs.lock
	@echo "Building .venv-docs from requirements-docs.lock"
	@$(PYTHON) -m venv --clear .venv-docs && echo '*' > .venv-docs/.gitignore
	@.venv-docs/bin/pip install --quiet --no-deps --require-hashes -r requirements-docs.lock
	@touch $@

# Apart, so that what audits the lock is not in it.
.venv-audit/ready:
	@$(PYTHON) -m venv --clear .venv-audit && echo '*' > .venv-audit/.gitignore
	@.venv-audit/bin/pip install --quiet pip-audit
	@touch $@

clean:  ## remove build products and caches, not .venv
	@rm -rf build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "churnops needs Python 3.11 or newer; install it, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Building .venv from requirements.lock (the first time takes minutes)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@{ test -n "$(UV)" && $(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock; } || \
	  $(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-build-isolation -e .
	@touch $@

# Spark and the browser's driver weigh more than all the rest, and only the slow tests want them.
.venv/slow: requirements-slow.lock $(READY)
	@echo "Installing Spark and a browser's driver for the slow tests"
	@$(PIP) --require-hashes -r requirements-slow.lock
	@touch $@

# The suite wants a newer Node than many machines have, so it brings its own. No lock is kept: it would name a registry.
.node/ready:
	@command -v npm >/dev/null || { echo "The conformance suite needs npm; install Node.js" >&2; exit 1; }
	@echo "Installing the conformance suite, the Inspector and a Node for them"
	@mkdir -p .node && echo '*' > .node/.gitignore
	@npm install --silent --prefix .node --no-save --no-package-lock --no-audit --no-fund \
	  node@22.23.3 @modelcontextprotocol/conformance@0.2.0-alpha.12 @modelcontextprotocol/inspector@2.12.0
	@touch $@

# MLflow's UI pulls in a server three times our size, so it lives apart, in the very version that writes the store.
.venv-ui/ready: requirements.lock $(READY)
	@echo "Building .venv-ui (takes minutes)"
	@$(BIN)/python -m venv --clear .venv-ui && echo '*' > .venv-ui/.gitignore
	@.venv-ui/bin/pip install --quiet "mlflow==$$(sed -n 's/^mlflow-skinny==\([^ ]*\).*/\1/p' requirements.lock)"
	@touch $@
