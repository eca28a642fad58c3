# Nothing but python3 (3.11 or newer, with venv) and make is needed. Each target says what it does: make help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
MUTANTS_STAMP := $(VENV)/.installed-mutants
RELEASE_STAMP := $(VENV)/.installed-release
# Compiling every module of every package takes half the time of an install; Python compiles what it uses.
# The locks name every package, so pip need not work out which ones are needed.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps

# Where the environment forbids it, every process that starts would compile Django anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test coverage soak bench mutants release wheels image-base image licences screenshots lint format types messages lock

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

run: $(RUN_STAMP) ## Install, then serve everything with the demo shop until Ctrl-C
	@exec $(BIN)/clickcollect run --demo

test: $(DEV_STAMP) ## Every test, in a real browser too
	@scripts/find-browser $(BIN)/python
	$(BIN)/pytest -m "not soak and not alone and not browser" --numprocesses 3 --dist worksteal
	$(BIN)/pytest -m "browser and not alone and not soak" --numprocesses 2 --dist worksteal
	$(BIN)/pytest -m "alone and not soak"

coverage: $(DEV_STAMP) ## Lines and branches that the fast tests reach, by package
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "not soak and not alone and not browser" --numprocesses 3 --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/python scripts/coverage_by_package.py

soak: $(DEV_STAMP) ## The long form of the proofs
	$(BIN)/pytest -m soak --timeout 3600

bench: $(DEV_STAMP) ## How fast a shop works and what it costs, beside bare SQL (BENCH="--help" names the options)
	@$(BIN)/python -m scripts.bench $(BENCH)

mutants: $(MUTANTS_STAMP) ## Change the code that guards codes, one thing at a time: do the tests notice? (two hours)
	$(BIN)/python -m scripts.mutants

release: $(RELEASE_STAMP) ## Build what is published into dist/: wheel, its lock, source, list of parts (SBOM), checksums
	rm -rf dist && mkdir dist
	$(BIN)/python -m hatchling build -d dist
	$(PYTHON) -m venv --clear --without-pip $(VENV)/shipped
	$(BIN)/pip --python $(VENV)/shipped/bin/python install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip --python $(VENV)/shipped/bin/python install --quiet --no-deps dist/*.whl
	version=$$($(BIN)/python -m hatchling version) && sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml > $(VENV)/shipped/pyproject.toml
	$(BIN)/cyclonedx-py environment --pyproject $(VENV)/shipped/pyproject.toml --mc-type application --output-reproducible --output-file dist/sbom.cdx.json $(VENV)/shipped/bin/python
	cp requirements.lock dist/
	cd dist && sha256sum * > SHA256SUMS

IMAGE_PYTHON ?= 3.11
wheels: $(DEV_STAMP) ## Collect the product and all it needs for an image whose Python is IMAGE_PYTHON
	rm -rf dist/wheels && mkdir -p dist/wheels
	$(BIN)/python -m hatchling build -t wheel -d dist/wheels
	$(BIN)/pip download --quiet --dest dist/wheels --only-binary :all: --python-version $(IMAGE_PYTHON) --require-hashes -r requirements.lock
	$(BIN)/pip download --quiet --dest dist/wheels --no-deps pip

image-base: ## A base for the image from Debian's packages alone (needs mmdebstrap and buildah)
	rm -rf dist/base && mkdir -p dist/base
	mmdebstrap --quiet --variant=minbase --dpkgopt=path-exclude=/usr/share/doc/* --dpkgopt=path-exclude=/usr/share/man/* \
		--dpkgopt=path-exclude=/usr/share/locale/* --include=python3,ca-certificates bookworm dist/base/base.tar
	printf 'FROM scratch\nADD base.tar /\n' > dist/base/Containerfile
	buildah build --isolation chroot --quiet --tag clickcollect-base dist/base

BASE ?= localhost/clickcollect-base
image: wheels ## The image of web, worker and Extension, on BASE (needs buildah)
	buildah build --isolation chroot --format docker --quiet --build-arg BASE=$(BASE) --file deploy/Containerfile --tag clickcollect .

licences: $(DEV_STAMP) ## Write docs/licences.md anew
	$(BIN)/python scripts/licences.py

screenshots: $(DEV_STAMP) ## Retake the pictures of the guide
	$(BIN)/python scripts/screenshots.py

PAGES := clickcollect extension
# Named, so that biome does not look through the virtual environment.
STATIC := $(wildcard clickcollect/*/static extension/static)

lint: $(DEV_STAMP) ## Style, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check $(PAGES)
	$(BIN)/djangofmt check $(PAGES)
	$(BIN)/biome check --error-on-warnings $(STATIC)
	$(BIN)/lint-imports

format: $(DEV_STAMP) ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djangofmt check --fix $(PAGES)
	$(BIN)/djangofmt $(PAGES)
	$(BIN)/biome check --write $(STATIC)

types: $(DEV_STAMP) ## mypy, strict
	$(BIN)/mypy

messages: $(DEV_STAMP) ## Collect what is said on screen into every catalogue, and compile them (needs gettext)
	@command -v msgmerge >/dev/null || { echo "make messages needs gettext: apt install gettext" >&2; exit 1; }
	cd clickcollect && ../$(BIN)/python -m django makemessages --all --no-obsolete --add-location file --no-wrap
	cd extension && ../$(BIN)/python -m django makemessages --all --no-obsolete --no-location --no-wrap
	for catalogue in */locale/*/LC_MESSAGES/django.po; do \
		msgfmt --check --statistics -o "$${catalogue%.po}.mo" "$$catalogue" || exit 1; done

lock: ## Pin every dependency anew, with hashes (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	uv pip compile pyproject.toml --extra apprise --extra build $(LOCK) --output-file requirements.lock
	uv pip compile pyproject.toml --extra apprise --extra build --extra dev $(LOCK) --output-file requirements-dev.lock
	uv pip compile pyproject.toml --extra apprise --extra build --extra dev --extra mutants $(LOCK) --output-file requirements-mutants.lock
	uv pip compile pyproject.toml --extra apprise --extra build --extra dev --extra release $(LOCK) --output-file requirements-release.lock
	uv pip compile tests/compat/requirements-compat.in --python-version 3.11 $(LOCK) --output-file tests/compat/requirements-compat.txt

LOCK := --upgrade --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet

$(BIN)/pip: # what venv makes last
	@scripts/make-venv "$(PYTHON)" "$(VENV)"

$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/pip
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(RELEASE_STAMP): requirements-release.lock $(DEV_STAMP)
	$(INSTALL) --require-hashes -r requirements-release.lock
	@touch $@

$(MUTANTS_STAMP): requirements-mutants.lock $(DEV_STAMP)
	$(INSTALL) --require-hashes -r requirements-mutants.lock
	@touch $@
