# A fresh machine needs Python 3.11 and make, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 4

.PHONY: demo test sim mutate lint format lock torture clean setup-run setup-dev

demo: setup-run
	@$(BIN)/hedgebot demo

test: setup-dev
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "story and not torture" -q
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not story and not torture" --cov --cov-report= -q
	@$(BIN)/coverage report --include='bot/domain/*,bot/core/*,bot/journal/*' --fail-under=100
	@$(BIN)/coverage report --fail-under=90

torture: setup-dev
	$(BIN)/python -m pytest -m torture -q --timeout 3600

# Simulated hours under drawn faults: make sim SEEDS=300 HOURS=1 [FIRST_SEED=n] [JOBS=2] [KIND=short|pair|exit], or BUDGET_S=300 for
# what fits.
SEEDS ?= $(if $(BUDGET_S),,300)
HOURS ?= 1
sim: setup-dev
	@$(BIN)/python -m tests.sim $(if $(SEEDS),--seeds $(SEEDS)) --hours $(HOURS) \
		$(if $(FIRST_SEED),--first-seed $(FIRST_SEED)) $(if $(JOBS),--jobs $(JOBS)) $(if $(KIND),--kind $(KIND)) $(if $(BUDGET_S),--budget-s $(BUDGET_S))

# Breaks the core and the executor in every small way and counts what the tests notice; writes docs/mutation.md.
JOBS_MUTATE ?= 2
mutate: setup-dev
	@$(BIN)/python -m tests.mutation --jobs $(JOBS_MUTATE) --date $$(date -u +%F) --commit $$(git rev-parse --short HEAD)

lint: setup-dev
	$(BIN)/ruff check bot tests
	$(BIN)/ruff format --check bot tests
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-dev
	$(BIN)/ruff check --fix bot tests
	$(BIN)/ruff format bot tests

# The stamps are files inside the environment that depend on the locks: an environment made by hand is completed, not trusted.
setup-run: $(VENV)/.stamp-run
setup-dev: $(VENV)/.stamp-dev

$(BIN)/python:
	@echo "Setting up $(VENV) (once) ..." >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "hedgebot needs Python 3.11 or newer; try: make PYTHON=python3.11 ..." >&2; exit 1)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp-run: requirements.lock pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(VENV)/lib bot || true
	@touch $@

$(VENV)/.stamp-dev: requirements-dev.lock $(VENV)/.stamp-run
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m compileall -q $(VENV)/lib || true
	@touch $@

# uv resolves; what it writes carries versions and hashes only, so any index may serve them.
lock:
	@rm -rf .lock-env && $(PYTHON) -m venv .lock-env && .lock-env/bin/pip install -qq --disable-pip-version-check uv
	@.lock-env/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra build pyproject.toml | sed '/^--/d' > requirements.lock
	@.lock-env/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra build --extra dev pyproject.toml | sed '/^--/d' > requirements-dev.lock
	@rm -rf .lock-env

clean:
	rm -rf $(VENV) mutants .lock-env .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
