# Compares the model with real kernels. Included by the Makefile; `make test` does not use it.

CONFORMANCE = .build/conformance
CONFORMANCE_TOOL = .build/release/conformance

ARCH ?= arm64
KERNEL ?= 7.2
SEED ?= 1
PLANS ?= 2500
# Machines of an architecture on which a kernel gives different answers.
MACHINES_arm64 = arm64-gicv3 arm64-gicv2
MACHINES_riscv64 = riscv64-aia riscv64-aiahw
MACHINES_ppc64 = ppc64-xics ppc64-xive
MACHINES_s390x = s390x-sie
MACHINES_x86_64 = x86_64-svm $(if $(filter x86_64,$(shell uname -m)),$(if $(wildcard /dev/kvm),host))
MACHINES ?= $(MACHINES_$(ARCH))
# If not empty, kvmconf itself is also built for the guests and applies manifests there: arm64 only.
CROSS ?= $(filter arm64,$(ARCH))
CORPUS = Tests/Fixtures/selftests examples Tests/Conformance/corpus

.PHONY: conformance conformance-tool conformance-page

conformance: conformance-tool ## compare the model with a kernel: ARCH=arm64|riscv64|ppc64|s390x|x86_64 KERNEL=6.12|7.2 SEED= PLANS= MACHINES=
	@mkdir -p $(CONFORMANCE)
	$(if $(filter-out host,$(MACHINES)),@Tests/Conformance/fetch.sh $(CURDIR)/$(CONFORMANCE) $(ARCH) $(KERNEL) $(filter-out host,$(MACHINES)))
	$(if $(CROSS),@Tests/Conformance/cross.sh $(CURDIR)/$(CONFORMANCE))
	$(if $(filter host,$(MACHINES)),$(if $(FACTS),,@$(KVMCONF) probe --facts $(CONFORMANCE)/host.yaml >/dev/null))
	@status=0; for machine in $(MACHINES); do \
		$(CONFORMANCE_TOOL) run --machine $$machine --kernel $(KERNEL) --seed $(SEED) --plans $(PLANS) \
			--folder $(CONFORMANCE) $(foreach folder,$(CORPUS),--corpus $(folder)) \
			$(if $(QUIRKS),--quirks $(QUIRKS)) \
			$$(if [ $$machine = host ]; then echo --host-facts $(or $(FACTS),$(CONFORMANCE)/host.yaml); fi) || status=1; \
	done; exit $$status

conformance-tool: build
	$(SWIFT) build $(RELEASE) --product conformance

conformance-page: conformance-tool ## write docs/conformance.md from the results of the runs
	$(CONFORMANCE_TOOL) page --folder $(CONFORMANCE) >docs/conformance.md
