// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets KVM of arm64 make GICv5s for its guests on a host with a GICv3. QEMU's GICv5 has no EL2, so no kernel in it gets as
 * far as KVM's own probe of a GICv5.
 *
 * It does two of the things that the probe does: it says which PPIs exist, and registers the device type. The host stays a
 * GICv3, and lacks the registers of a GICv5. Calls on attributes do not touch them, but loading a vCPU does, so the
 * functions that save and restore them return at once. No guest can run on such a GICv5.
 */
#include <linux/irqchip/arm-gic-v5.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/version.h>
#include <kvm/arm_vgic.h>

static int return_at_once(struct kprobe *probe, struct pt_regs *regs)
{
	instruction_pointer_set(regs, procedure_link_pointer(regs));
	return 1;
}

static struct kprobe hardware[] = {
	{.symbol_name = "vgic_v5_load", .pre_handler = return_at_once},
	{.symbol_name = "vgic_v5_put", .pre_handler = return_at_once},
	{.symbol_name = "vgic_v5_save_state", .pre_handler = return_at_once},
	{.symbol_name = "vgic_v5_restore_state", .pre_handler = return_at_once},
};

/* Modules cannot look names up, but a probe of the function that can has its address. */
static unsigned long address_of(const char *name)
{
	static unsigned long (*look_up)(const char *name);

	if (!look_up) {
		struct kprobe probe = {.symbol_name = "kallsyms_lookup_name"};

		if (register_kprobe(&probe))
			return 0;
		look_up = (void *)probe.addr;
		unregister_kprobe(&probe);
	}
	return look_up(name);
}

/* Where KVM keeps the mask of PPIs. */
static unsigned long ppi_mask(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
	const unsigned long state = address_of("kvm_vgic_global_state");

	return state ? state + offsetof(struct vgic_global, vgic_v5_ppi_caps.impl_ppi_mask) : 0;
#else
	return address_of("ppi_caps");
#endif
}

static int __init claim_init(void)
{
	/* Writes memory that is read-only since the kernel has started. */
	int (*write_u64)(void *address, u64 value) = (void *)address_of("aarch64_insn_write_literal_u64");
	int (*register_device)(unsigned long type) = (void *)address_of("kvm_register_vgic_device");
	const unsigned long mask = ppi_mask();
	/* Those of the architecture that KVM emulates; all have numbers below 64. */
	const u64 ppis = BIT_ULL(GICV5_ARCH_PPI_CNTHP) | BIT_ULL(GICV5_ARCH_PPI_CNTV) | BIT_ULL(GICV5_ARCH_PPI_CNTHV) |
			 BIT_ULL(GICV5_ARCH_PPI_CNTP) | BIT_ULL(GICV5_ARCH_PPI_SW_PPI) | BIT_ULL(GICV5_ARCH_PPI_PMUIRQ);
	int i, error;

	if (!write_u64 || !register_device || !mask)
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(hardware); i++) {
		error = register_kprobe(&hardware[i]);
		if (error)
			return error;
	}
	error = write_u64((void *)mask, ppis);
	return error ? error : register_device(KVM_DEV_TYPE_ARM_VGIC_V5);
}
module_init(claim_init);

MODULE_DESCRIPTION("Registers KVM's GICv5 on a host with a GICv3");
MODULE_LICENSE("GPL");
