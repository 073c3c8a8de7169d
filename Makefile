# The ways into the repository; `make` alone lists them.

PYTHON_OF_VENV := .venv/bin/python
ARGS ?=
# Files of tests are dealt out to two processes; each makes servers and a lab of its own when a test asks for them.
DEALT := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install demo test check lint format types imports clean

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

install: ## make .venv with everything in it (the others do it when needed)
	@.ci/install

demo: install ## a canary release on four hosts, start to end (ARGS=--yes: nobody is asked)
	@$(PYTHON_OF_VENV) -m examples.demo $(ARGS)

test: install ## all tests, the lab with its Docker hosts included (ARGS="-k words": some)
	@$(PYTHON_OF_VENV) -m tests.lab tools || echo "make test: the tests that need these are skipped; with CI=true they fail"
	@$(PYTHON_OF_VENV) -m pytest $(DEALT) $(ARGS)

check: lint format types imports ## what is checked without running: lint, format, types, import laws

lint: install
	@.venv/bin/ruff check .

format: install
	@.venv/bin/ruff format --check .

types: install
	@.venv/bin/mypy
	@.venv/bin/mypy --package examples.demo

imports: install
	@.venv/bin/lint-imports

clean: ## delete what these made: .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
