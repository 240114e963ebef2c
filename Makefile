# kvmha. `make help` lists the targets.
SHELL := /bin/bash
# Packages whose tests run real hosts, sockets and clocks, or keep every core
# busy: one after the other, so that none starves another.
REAL := internal/lab internal/hypervisor internal/cluster internal/sim internal/conformance
space := $(subst ,, )
GO ?= go
# hostd finds libvirt.so.0 at run time: neither headers nor libvirt are needed to build it.
TAGS := -tags libvirt_dlopen
# Recorded cases of the reference scheduler, where they stand beside the checkout.
KVMHA_SCHEDULER_CASES ?= $(wildcard $(CURDIR)/../shared/scheduler/open)
export KVMHA_SCHEDULER_CASES

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/hostd, bin/guestd, bin/vm-ctl
	@mkdir -p bin
	$(GO) build $(TAGS) -o bin/hostd ./hostd
	CGO_ENABLED=0 $(GO) build -o bin/guestd ./guestd
	CGO_ENABLED=0 $(GO) build -o bin/vm-ctl ./vmctl

bin/lab: build
	$(GO) build -o bin/lab ./internal/lab/cmd/lab

.PHONY: deps
deps: # install the Debian packages that demo and tests need, and say so
	@internal/lab/packages.sh

.PHONY: demo
demo: deps bin/lab ## the main job on real parts: two hosts, two VMs, every failure, in a minute
	bin/lab demo

.PHONY: lab
lab: deps bin/lab ## leave such a cluster up and print how to talk to it
	bin/lab up

.PHONY: lab-down
lab-down: ## take that cluster down
	@bin/lab down

.PHONY: test
test: deps bin/lab vet ## unit tests, stories, simulator, and real hosts in the lab
	$(GO) test $(TAGS) -count=1 -timeout 5m $$($(GO) list $(TAGS) ./... | grep -vE '^kvmha/($(subst $(space),|,$(REAL)))(/|$$)')
	$(GO) test $(TAGS) -count=1 -p 1 -timeout 14m $(patsubst %,./%/...,$(REAL))

.PHONY: quick
quick: vet ## the tests that need neither root nor packages
	KVMHA_QUICK=1 $(GO) test $(TAGS) ./...

.PHONY: vet
vet: ## go vet and staticcheck
	$(GO) vet $(TAGS) ./...
	$(GO) tool staticcheck $(TAGS) ./...

.PHONY: sim
sim: SEEDS ?= 1000
sim: ## run the simulator over SEEDS seeds (default 1000)
	$(GO) test ./internal/sim -run TestSeeds -seeds $(SEEDS) -timeout 60m -v

.PHONY: conformance
conformance: SEEDS ?= 500
conformance: MUTANTS ?= 0
conformance: deps ## compare the scheduler with the installed crm_simulate: SEEDS=500 random CIBs, or one SEED=17; MUTANTS=20 of each recorded case
	$(GO) run ./internal/conformance/cmd/conformance check $(if $(SEED),-seed $(SEED),-seeds $(SEEDS))
	$(if $(filter-out 0,$(MUTANTS)),$(GO) run ./internal/conformance/cmd/conformance check -mutate $(KVMHA_SCHEDULER_CASES) -rounds $(MUTANTS))

.PHONY: bench
bench: deps bin/lab bench-scheduler ## measure what docs/performance.md says, against the reference: SIZES=3x50,16x500 for less
	bin/lab bench

.PHONY: bench-scheduler
bench-scheduler: SIZES ?= all
bench-scheduler: deps build ## the scheduler's part of it, about 9 minutes on an idle machine; PLOT=FILE draws the growth
	$(GO) build -o bin/conformance ./internal/conformance/cmd/conformance
	bin/conformance bench -sizes $(SIZES) $(if $(PLOT),-plot $(PLOT))

.PHONY: fuzz
fuzz: ## a minute of fuzzing for every decoder
	@internal/arrows/fuzz.sh

.PHONY: clean
clean: ## remove bin/
	rm -rf bin
