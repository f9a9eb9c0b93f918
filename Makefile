# Everything here works in a fresh clone with Go alone, but for lint, which needs golangci-lint
# (the version in .ci/run).

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
FUZZTIME ?= 10s
# The sizes of the batches that are measured, and how often (docs/scale.md); 100000 takes hours.
DOMAINS ?= 1000,10000
ROUNDS ?= 5

# The day of the release: of SOURCE_DATE_EPOCH where that is set (reproducible-builds.org), else of the commit.
DATE ?= $(if $(SOURCE_DATE_EPOCH),$(shell date -u -d @$(SOURCE_DATE_EPOCH) +%F),$(shell TZ=UTC git log -1 --format=%cd --date=format-local:%F 2>/dev/null))
# What .goreleaser.yaml builds, and how; a test holds these two lines to it.
TARGETS = linux/amd64 linux/arm64 linux/arm/7 linux/riscv64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64 freebsd/amd64 freebsd/arm64
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION) -X main.date=$(DATE)"

CACERTS ?= /etc/ssl/certs/ca-certificates.crt
ENGINE ?= docker

.PHONY: build test race lint fuzz soak bench golden demo lab lab-net lab-up lab-down browser pictures cross generated packages container emulated reproducible release-check

build:
	$(BUILD) -o mailaudit ./cmd/mailaudit

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

# Sizes of the soak: audits under faults, and kills of a batch (docs/reliability.md). An hour or so.
SOAK ?= 50000
KILLS ?= 100
soak:
	SOAK=$(SOAK) KILLS=$(KILLS) $(GO) test -count 1 -v -timeout 0 -run 'TestSoak|TestKilled' ./internal/faults

# Speed, and its limits (docs/performance.md): audits, start-up, batches. What else runs on the machine counts.
bench: build
	$(GO) test -run '^$$' -bench . -benchtime 5x ./internal/gather ./internal/dnsx
	$(GO) test -run '^$$' -bench Start -benchtime 1x ./cmd/mailaudit
	@mkdir -p bench
	$(GO) run ./internal/batchbench -bin ./mailaudit -domains $(DOMAINS) -rounds $(ROUNDS) | tee bench/results.txt

# Rewrites the expected output of the report writers, and docs/rules.md from the rules; read the diff.
golden:
	$(GO) test ./internal/report -update

demo:
	$(GO) run ./cmd/mailaudit demo

# Real servers in network namespaces, as root, with the packages that lab/README.md names. The tests wait more than they work.
lab-net:
	$(GO) test -count 1 -tags lab -parallel 16 ./internal/labtest
	$(GO) test -count 1 -tags lab -v -run 'TestReal' ./internal/gather

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

# Pages in a real Chromium (Debian's package, or another by CHROMIUM), on every kind of screen. With SHOTS=FOLDER it leaves pictures there.
CHROMIUM ?= /usr/bin/chromium
MODULES ?= /var/cache/mailaudit-browser/node_modules
export CHROMIUM MODULES
browser:
	internal/browsertest/install $(patsubst %/node_modules,%,$(MODULES))
	$(GO) test -count 1 -tags browser -run TestBrowser ./internal/report ./internal/serve

# The pictures in docs/images, of the demo: the table as SVG, the HTML report by Chromium.
pictures:
	internal/browsertest/install $(patsubst %/node_modules,%,$(MODULES))
	node internal/browsertest/pictures.mjs docs/images

# Builds what .goreleaser.yaml releases, for every target.
cross:
	@set -e; for t in $(TARGETS); do echo $$t; IFS=/; set -- $$t; unset IFS; \
	  GOOS=$$1 GOARCH=$$2 GOARM=$$3 $(BUILD) -o /dev/null ./cmd/mailaudit; done

# Manual pages, completions and licences, which archives and packages hold.
generated:
	@rm -rf generated
	$(GO) run ./packaging/generate generated $(VERSION) $(DATE)

# The deb, rpm and apk of this machine, as a release has them, in generated/. It needs nfpm (the version in .ci/run).
packages: generated
	$(BUILD) -o generated/mailaudit ./cmd/mailaudit
	$(GO) run ./packaging/nfpm generated/mailaudit $(VERSION) $(DATE) >generated/nfpm.yaml
	@set -e; for p in deb rpm apk; do nfpm package -f generated/nfpm.yaml -p $$p -t generated/mailaudit.$$p; done

# The container image, with the roots of trust of this machine. ENGINE builds it: docker, podman or buildah.
container: generated
	@mkdir -p generated/container
	cp LICENSE generated/THIRD-PARTY generated/container
	cp $(CACERTS) generated/container/ca-certificates.crt
	$(BUILD) -o generated/container/mailaudit ./cmd/mailaudit
	$(ENGINE) build -f Dockerfile -t mailaudit generated/container

# What is built for linux/arm64 runs: qemu-user-static is the processor.
emulated:
	GOOS=linux GOARCH=arm64 $(BUILD) -o generated/arm64/mailaudit ./cmd/mailaudit
	qemu-aarch64-static generated/arm64/mailaudit version
	qemu-aarch64-static generated/arm64/mailaudit demo

# Two builds, the second in another folder, give the same packages byte for byte; they stay in generated/. The second has an empty
# cache, or that in SECOND_CACHE, and then compiles nothing that the first did.
reproducible:
	@packaging/reproducible $(VERSION) $(DATE)

# All of a release but its publication: some 10 minutes, as root; goreleaser and qemu-user-static (docs/packages.md).
release-check:
	packaging/release-check
