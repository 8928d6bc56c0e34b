# Two commands set everything up: `make demo` and `make test`, in either order.

SWIFT ?= swift
SOURCES = Sources Plugins Tests Package.swift

# The Swift runtime is linked statically, so that the program runs without a toolchain.
RELEASE = -c release -Xswiftc -static-stdlib --disable-local-rpath -Xswiftc -L$(CURDIR)/$(ARCHIVES) \
	$(if $(wildcard $(GCC_EH)),-Xlinker -l:libgcc_eh.a)
# So are libyaml and the C++ runtime, if their archives exist: the linker first searches a folder with only these. Each
# library that need not be loaded saves a tenth of a millisecond or more at every start.
ARCHIVES = .build/archives
GCC_EH := $(shell cc -print-file-name=libgcc_eh.a 2>/dev/null)
KVMCONF = .build/release/kvmconf

# One file without dependencies, not even a C library, linked with the toolchain's lld.
STATIC = --scratch-path .build/static -c release --static-swift-stdlib \
	-Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker -s

.DEFAULT_GOAL := build
.PHONY: help setup build demo test test-fast scaling instructions bench bench-page static format lint clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## install missing dependencies of the build
	@SWIFT="$(SWIFT)" Scripts/setup.sh

build: setup ## build the program, .build/release/kvmconf, and the editor schema
	@mkdir -p $(ARCHIVES)
	@for library in libyaml.a libstdc++.a; do \
		archive=$$(cc -print-file-name=$$library); [ ! -f "$$archive" ] || ln -sf "$$archive" $(ARCHIVES)/$$library; \
	done
	$(SWIFT) build $(RELEASE) --product kvmconf
	@$(KVMCONF) schema export -o docs/kvmconf.schema.json

demo: build ## configure a VM with this machine's KVM
	@KVMCONF="$(KVMCONF)" Scripts/demo.sh

test: setup ## run every test
	$(SWIFT) test

test-fast: setup ## run the quick tests of the libraries: under half a minute after a build
	KVMCONF_FAST=1 $(SWIFT) test --skip '^(EndToEndTests|CorpusTests|KernelTests)\.'

scaling: build ## check that work is proportional to the size of the input, in instructions counted by valgrind
	@KVMCONF="$(KVMCONF)" Tests/scaling.sh

instructions: build ## compare the instructions of three fixed inputs, counted by valgrind, with the recorded counts
	@KVMCONF="$(KVMCONF)" Tests/Benchmarks/instructions.py

# The least number of runs of each command.
RUNS ?= 3
BENCH = @KVMCONF="$(KVMCONF)" CC="$(CC)" Tests/Benchmarks/bench.py --seed $(SEED) --runs $(RUNS)

bench: build ## measure kvmconf, libyaml and a JSON Schema validator, and kvmload on this machine's KVM: SEED= RUNS=
	$(BENCH)

bench-page: build ## the same, and write docs/performance.md
	$(BENCH) --page

static: setup ## build a fully static, stripped program: .build/static/release/kvmconf
	$(SWIFT) build $(STATIC) --product kvmconf
	@ls -l .build/static/release/kvmconf

format: ## format the Swift code in place
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

lint: ## check the format of the Swift code
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)

include Tools/kvmload/build.mk
include Tests/Conformance/conformance.mk

clean: ## remove everything that was built
	rm -rf .build
