.DEFAULT_GOAL := check

# What "make race" and "make fuzz" take may be longer: make fuzz FUZZTIME=5m
FUZZTIME ?= 20s

.PHONY: check
check: ## format, vet, staticcheck and the quick tests: what to run before a commit
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
bench: ## Headwater beside nginx and HAProxy; make bench SCENARIOS="1k new"
	go run ./bench $(SCENARIOS)

.PHONY: benchmarks
benchmarks: ## the benchmarks of all packages
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: ci
ci: ## what continuous integration runs
	.ci/run

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
