# Everything here works in a fresh clone with Go alone, but for lint, which needs golangci-lint
# (the version in .ci/run).

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
FUZZTIME ?= 10s

.PHONY: build test race lint fuzz bench golden demo lab lab-net lab-up lab-down cross release-check

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o mailaudit ./cmd/mailaudit

test:
	$(GO) test ./...

race:
	$(GO) test -race ./...

lint:
	golangci-lint run ./...

# Every fuzz target for FUZZTIME.
fuzz:
	@set -e; for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p; done; done

bench:
	$(GO) test -run '^$$' -bench . -benchtime 5x ./internal/gather ./internal/dnsx

# Rewrites the expected output of the report writers, and docs/rules.md from the rules; read the diff.
golden:
	$(GO) test ./internal/report -update

demo:
	$(GO) run ./cmd/mailaudit demo

# Real servers in network namespaces, as root, with the packages that lab/README.md names. The tests wait more than they work.
lab-net:
	$(GO) test -count 1 -tags lab -parallel 16 ./internal/labtest

# Real receivers: what they answer to every sender of one table, beside what is foretold, and again with what `mailaudit fix`
# says published. Every answer goes to lab-matrix.tsv.
lab:
	lab/install all
	LAB_TABLE=$(CURDIR)/lab-matrix.tsv $(GO) test -count 1 -tags lab -v -timeout 20m ./internal/labmatrix

# The same servers, to try things by hand, until an interrupt.
lab-up:
	LAB_STAY=1 $(GO) test -count 1 -tags lab -v -timeout 0 ./internal/labtest

# Removes what killed runs left behind; lab-net and lab-up begin with that, too.
lab-down:
	LAB_DOWN=1 $(GO) test -count 1 -tags lab ./internal/labtest

# Builds what .goreleaser.yaml releases, for every target.
cross:
	@set -e; for t in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64 freebsd/amd64 freebsd/arm64; do \
	  echo $$t; GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 $(GO) build -trimpath -o /dev/null ./cmd/mailaudit; done

release-check:
	goreleaser check
	goreleaser release --snapshot --clean --skip=publish,sign
