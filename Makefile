# The few commands that everybody needs. `make` alone lists them.

# What cargo builds goes outside the checkout, so that dependencies are built once for all clones.
CARGO_TARGET_DIR ?= $(or $(HALYARD_TARGET_DIR),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/halyard/target)
export CARGO_TARGET_DIR

.DEFAULT_GOAL := help
.PHONY: help run test bench fuzz nightly wasm fmt generate

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: ## build the server and run it with the demo workspace, on SQLite in ./data
	cargo build --release --locked --package halyard-server
	exec "$(CARGO_TARGET_DIR)/release/halyard" serve --demo

test: ## run every check that decides whether a change may land
	scripts/test.sh

bench: ## measure this machine: our figure, the in-run limit, their ratio
	scripts/bench.sh

fuzz: ## try mutated expressions for a minute each: parse, evaluate, format
	scripts/fuzz.sh

nightly: ## run what takes too long for every change: fuzzing, decisions, the build for browsers
	scripts/nightly.sh

wasm: ## build the expression language for browsers
	scripts/wasm.sh

fmt: ## format the Rust code
	cargo fmt --all

generate: ## write the committed files that are generated from code
	scripts/generated.sh write
