# `make help` lists the targets.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
BUILT   ?= $(shell date -u +%Y-%m-%dT%H:%M:%SZ)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.built=$(BUILT)

GOFUMPT       := go run mvdan.cc/gofumpt@v0.12.0
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.8.0
GOLANGCI_LINT := .bin/golangci-lint-v2.15.0

.PHONY: help build run test test-clients screens lint fmt cover bench fuzz vuln

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

build: ## build the commands into .bin/
	go build -trimpath -ldflags '$(LDFLAGS)' -o .bin/ ./cmd/...

run: build ## run the provider and the demonstration market; Ctrl-C ends both
	@.ci/market.sh

test: ## run every test, after installing what they need
	@.ci/need.sh
	@.ci/test.sh

test-clients: ## sign in through every relying party of docs/integrate, as its page says
	@.ci/need.sh clients
	SEKISHO_PARTIES=all go test -count=1 -v ./idp/idptest/parties

screens: ## make the screenshots in docs/screens
	@.ci/need.sh
	SEKISHO_SCREENS=$(CURDIR)/docs/screens go test -count=1 -run TestScreens ./idp/web

lint: $(GOLANGCI_LINT) ## check walls, style and format
	$(GOLANGCI_LINT) run

$(GOLANGCI_LINT): # built once; takes minutes
	GOBIN=$(CURDIR)/.bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	mv .bin/golangci-lint $@

fmt: ## format everything
	$(GOFUMPT) -w .

cover: ## measure what the tests reach, into cover.html
	@.ci/need.sh
	go test -coverpkg=./... -coverprofile=cover.out ./...
	go tool cover -func=cover.out | tail -1
	go tool cover -html=cover.out -o cover.html

bench: ## measure the provider beside the machine's limits
	go run ./cmd/bench

fuzz: ## run every fuzz target for 10 seconds each; T=1m for longer
	@.ci/fuzz.sh $(or $(T),10s)

vuln: ## look for known vulnerabilities (needs its database online)
	$(GOVULNCHECK) ./...
