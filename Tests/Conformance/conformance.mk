# Compares the model with real kernels. Included by the Makefile; `make test` does not use it.

CONFORMANCE = .build/conformance
CONFORMANCE_TOOL = .build/release/conformance

ARCH ?= arm64
KERNEL ?= 7.2
SEED ?= 1
PLANS ?= 2500
# The number of declarative manifests in random order.
ORDERS ?= 300
# The machines of the architecture that run this kernel, and this machine if it can.
MATRIX = Tests/Conformance/matrix.txt
MACHINES ?= $(shell sed -n 's/^\($(ARCH)-[^ ]*\) $(KERNEL)$$/\1/p' $(MATRIX)) \
	$(if $(filter $(ARCH),$(shell uname -m)),$(if $(wildcard /dev/kvm),host))
# If not empty, kvmconf itself is also built for the guests and applies manifests there: arm64 only.
CROSS ?= $(filter arm64,$(ARCH))
CORPUS = Tests/Fixtures/selftests examples Tests/Conformance/corpus

.PHONY: conformance conformance-all conformance-tool conformance-page conformance-matrix

conformance: conformance-tool ## compare the model with a kernel: ARCH= KERNEL= MACHINES= SEED= PLANS= ORDERS=
	@mkdir -p $(CONFORMANCE)
	$(if $(filter-out host,$(MACHINES)),@Tests/Conformance/fetch.sh $(CURDIR)/$(CONFORMANCE) $(ARCH) $(KERNEL) $(filter-out host,$(MACHINES)))
	$(if $(CROSS),@Tests/Conformance/cross.sh $(CURDIR)/$(CONFORMANCE))
	$(if $(filter host,$(MACHINES)),$(if $(FACTS),,@$(KVMCONF) probe --facts $(CONFORMANCE)/host.yaml >/dev/null))
	@# An offset of the TSC that does not read as it was set is a quirk, in hosts/host-quirks.yaml: with the fact, no read would
	@# be compared.
	$(if $(filter host,$(MACHINES)),$(if $(FACTS),,@sed -i '/^tsc_stable:/d' $(CONFORMANCE)/host.yaml))
	@status=0; for machine in $(MACHINES); do \
		$(CONFORMANCE_TOOL) run --machine $$machine --kernel $(KERNEL) --seed $(SEED) --plans $(PLANS) \
			--orders $(ORDERS) \
			--folder $(CONFORMANCE) $(foreach folder,$(CORPUS),--corpus $(folder)) \
			$(if $(QUIRKS),--quirks $(QUIRKS)) \
			$$(if [ $$machine = host ]; then echo --host-facts $(or $(FACTS),$(CONFORMANCE)/host.yaml); fi) || status=1; \
	done; exit $$status

conformance-tool: build
	$(SWIFT) build $(RELEASE) --product conformance

# One after the other; a CI that has many workers gives each a line of the matrix instead.
conformance-all: ## run the whole matrix and write docs/conformance.md: SEED= PLANS= ORDERS=
	@grep -v '^#' $(MATRIX) | while read -r machine kernel; do \
		$(MAKE) conformance ARCH=$${machine%%-*} MACHINES=$$machine KERNEL=$$kernel SEED=$(SEED) </dev/null || echo "$$machine $$kernel differs"; \
	done
	$(MAKE) conformance-page

conformance-matrix: ## print the runs as JSON, for the matrix of a CI
	@grep -v '^#' $(MATRIX) | sed 's/\(.*\) \(.*\)/{"machine": "\1", "kernel": "\2"}/' | paste -sd, | sed 's/.*/[&]/'

# Folders with the results of runs, of one commit: on this machine, or collected from many.
RESULTS ?= $(CONFORMANCE)/results

conformance-page: conformance-tool ## write docs/conformance.md from the results of any number of runs: RESULTS=
	$(CONFORMANCE_TOOL) page $(RESULTS) >$(CONFORMANCE)/page.md
	mv $(CONFORMANCE)/page.md docs/conformance.md
