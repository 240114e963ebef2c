# kvmha. `make help` lists the targets.
SHELL := /bin/bash
GO ?= go

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/hostd, bin/guestd, bin/vm-ctl
	@mkdir -p bin
	$(GO) build -tags libvirt_dlopen -o bin/hostd ./hostd
	CGO_ENABLED=0 $(GO) build -o bin/guestd ./guestd
	CGO_ENABLED=0 $(GO) build -o bin/vm-ctl ./vmctl
