/* The list of all files in schemas/. A test compares the list with the folder. */
#include "built_in_schemas.h"

static const unsigned char arm64_arm_vgic_its_yaml[] = {
#embed "../../schemas/arm64/arm-vgic-its.yaml"
};
static const unsigned char arm64_arm_vgic_v2_yaml[] = {
#embed "../../schemas/arm64/arm-vgic-v2.yaml"
};
static const unsigned char arm64_arm_vgic_v3_yaml[] = {
#embed "../../schemas/arm64/arm-vgic-v3.yaml"
};
static const unsigned char arm64_arm_vgic_v5_yaml[] = {
#embed "../../schemas/arm64/arm-vgic-v5.yaml"
};
static const unsigned char arm64_system_yaml[] = {
#embed "../../schemas/arm64/system.yaml"
};
static const unsigned char arm64_vcpu_yaml[] = {
#embed "../../schemas/arm64/vcpu.yaml"
};
static const unsigned char arm64_vm_yaml[] = {
#embed "../../schemas/arm64/vm.yaml"
};
static const unsigned char common_arm64_pmu_yaml[] = {
#embed "../../schemas/common/arm64-pmu.yaml"
};
static const unsigned char common_arm64_timer_yaml[] = {
#embed "../../schemas/common/arm64-timer.yaml"
};
static const unsigned char common_arm64_vgic_registers_yaml[] = {
#embed "../../schemas/common/arm64-vgic-registers.yaml"
};
static const unsigned char common_arm64_vgic_yaml[] = {
#embed "../../schemas/common/arm64-vgic.yaml"
};
static const unsigned char common_kvm_yaml[] = {
#embed "../../schemas/common/kvm.yaml"
};
static const unsigned char common_messages_yaml[] = {
#embed "../../schemas/common/messages.yaml"
};
static const unsigned char common_ppc64_xive_yaml[] = {
#embed "../../schemas/common/ppc64-xive.yaml"
};
static const unsigned char common_vfio_yaml[] = {
#embed "../../schemas/common/vfio.yaml"
};
static const unsigned char ppc64_system_yaml[] = {
#embed "../../schemas/ppc64/system.yaml"
};
static const unsigned char ppc64_vcpu_yaml[] = {
#embed "../../schemas/ppc64/vcpu.yaml"
};
static const unsigned char ppc64_vm_yaml[] = {
#embed "../../schemas/ppc64/vm.yaml"
};
static const unsigned char ppc64_xics_yaml[] = {
#embed "../../schemas/ppc64/xics.yaml"
};
static const unsigned char ppc64_xive_yaml[] = {
#embed "../../schemas/ppc64/xive.yaml"
};
static const unsigned char riscv64_riscv_aia_yaml[] = {
#embed "../../schemas/riscv64/riscv-aia.yaml"
};
static const unsigned char riscv64_system_yaml[] = {
#embed "../../schemas/riscv64/system.yaml"
};
static const unsigned char riscv64_vcpu_yaml[] = {
#embed "../../schemas/riscv64/vcpu.yaml"
};
static const unsigned char riscv64_vm_yaml[] = {
#embed "../../schemas/riscv64/vm.yaml"
};
static const unsigned char x86_64_system_yaml[] = {
#embed "../../schemas/x86_64/system.yaml"
};
static const unsigned char x86_64_vcpu_yaml[] = {
#embed "../../schemas/x86_64/vcpu.yaml"
};
static const unsigned char x86_64_vm_yaml[] = {
#embed "../../schemas/x86_64/vm.yaml"
};

static const struct {
	const char *path;
	const unsigned char *text;
	size_t size;
} files[] = {
	{"arm64/arm-vgic-its.yaml", arm64_arm_vgic_its_yaml, sizeof arm64_arm_vgic_its_yaml},
	{"arm64/arm-vgic-v2.yaml", arm64_arm_vgic_v2_yaml, sizeof arm64_arm_vgic_v2_yaml},
	{"arm64/arm-vgic-v3.yaml", arm64_arm_vgic_v3_yaml, sizeof arm64_arm_vgic_v3_yaml},
	{"arm64/arm-vgic-v5.yaml", arm64_arm_vgic_v5_yaml, sizeof arm64_arm_vgic_v5_yaml},
	{"arm64/system.yaml", arm64_system_yaml, sizeof arm64_system_yaml},
	{"arm64/vcpu.yaml", arm64_vcpu_yaml, sizeof arm64_vcpu_yaml},
	{"arm64/vm.yaml", arm64_vm_yaml, sizeof arm64_vm_yaml},
	{"common/arm64-pmu.yaml", common_arm64_pmu_yaml, sizeof common_arm64_pmu_yaml},
	{"common/arm64-timer.yaml", common_arm64_timer_yaml, sizeof common_arm64_timer_yaml},
	{"common/arm64-vgic-registers.yaml", common_arm64_vgic_registers_yaml, sizeof common_arm64_vgic_registers_yaml},
	{"common/arm64-vgic.yaml", common_arm64_vgic_yaml, sizeof common_arm64_vgic_yaml},
	{"common/kvm.yaml", common_kvm_yaml, sizeof common_kvm_yaml},
	{"common/messages.yaml", common_messages_yaml, sizeof common_messages_yaml},
	{"common/ppc64-xive.yaml", common_ppc64_xive_yaml, sizeof common_ppc64_xive_yaml},
	{"common/vfio.yaml", common_vfio_yaml, sizeof common_vfio_yaml},
	{"ppc64/system.yaml", ppc64_system_yaml, sizeof ppc64_system_yaml},
	{"ppc64/vcpu.yaml", ppc64_vcpu_yaml, sizeof ppc64_vcpu_yaml},
	{"ppc64/vm.yaml", ppc64_vm_yaml, sizeof ppc64_vm_yaml},
	{"ppc64/xics.yaml", ppc64_xics_yaml, sizeof ppc64_xics_yaml},
	{"ppc64/xive.yaml", ppc64_xive_yaml, sizeof ppc64_xive_yaml},
	{"riscv64/riscv-aia.yaml", riscv64_riscv_aia_yaml, sizeof riscv64_riscv_aia_yaml},
	{"riscv64/system.yaml", riscv64_system_yaml, sizeof riscv64_system_yaml},
	{"riscv64/vcpu.yaml", riscv64_vcpu_yaml, sizeof riscv64_vcpu_yaml},
	{"riscv64/vm.yaml", riscv64_vm_yaml, sizeof riscv64_vm_yaml},
	{"x86_64/system.yaml", x86_64_system_yaml, sizeof x86_64_system_yaml},
	{"x86_64/vcpu.yaml", x86_64_vcpu_yaml, sizeof x86_64_vcpu_yaml},
	{"x86_64/vm.yaml", x86_64_vm_yaml, sizeof x86_64_vm_yaml},
};

size_t built_in_schemas_count(void)
{
	return sizeof files / sizeof files[0];
}

const char *built_in_schemas_path(size_t index)
{
	return files[index].path;
}

const unsigned char *built_in_schemas_text(size_t index)
{
	return files[index].text;
}

size_t built_in_schemas_size(size_t index)
{
	return files[index].size;
}
