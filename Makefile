.DEFAULT_GOAL := check

# How long "make fuzz" and "make ci" take for each target: make fuzz FUZZTIME=5m
FUZZTIME ?= 15s

.PHONY: check
check: ## gofmt, vet, staticcheck and the quick tests: what to run before a commit
	@test -z "$$(gofmt -l .)" || { echo "gofmt these:"; gofmt -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test -short ./...

.PHONY: test
test: ## all tests
	go test ./...

.PHONY: race
race: ## all tests with the race detector, which needs a C compiler
	CGO_ENABLED=1 go test -race ./...

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

.PHONY: bench
bench: ## Headwater beside nginx and, if they are there, HAProxy and for h2 Caddy: make bench SCENARIOS="1k h2"
	go run ./bench $(SCENARIOS)

.PHONY: benchmarks
benchmarks: ## the benchmarks of all packages
	go test -run '^$$' -bench . -benchmem ./...

# What "make benchstat" compares: the benchmarks BENCH of PACKAGE as they are here with
# those of the commit BASE, over COUNT rounds.
PACKAGE ?= ./edge
BENCH ?= .
BASE ?= main
COUNT ?= 10
BENCHSTAT = golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

.PHONY: benchstat
benchstat: ## a package's benchmarks before and after: make benchstat BENCH=Exchange BASE=main
	@dir=$$(mktemp -d) && trap 'git worktree remove --force "$$dir/base"; rm -rf "$$dir"' EXIT && \
	git worktree add -q --detach "$$dir/base" $(BASE) && \
	(cd "$$dir/base" && go test -c -o "$$dir/before.test" $(PACKAGE)) && \
	go test -c -o "$$dir/after.test" $(PACKAGE) && cd $(PACKAGE) && \
	for round in $$(seq $(COUNT)); do for side in before after; do \
		"$$dir/$$side.test" -test.run '^$$' -test.bench '$(BENCH)' -test.benchmem >>"$$dir/$$side" || exit 1; \
	done; done && \
	go run $(BENCHSTAT) before="$$dir/before" after="$$dir/after"

.PHONY: ci
ci: ## what continuous integration runs
	.ci/run

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
