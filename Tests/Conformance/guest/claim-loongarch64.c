// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes KVM of LoongArch start in QEMU's emulation, which has no LVZ, the extension that runs a guest. Calls on attributes
 * never run a guest, so it is enough that KVM finds what it looks for.
 *
 * KVM is part of Debian's kernel and has given up while the kernel started. This module claims LVZ and message interrupts for
 * the only CPU, and starts KVM again. The instructions on the CSRs and the TLB of a guest are undefined here: CSRs are kept
 * in an array, and the TLB, which is always empty, needs nothing.
 */
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <asm/cpu.h>
#include <asm/cpu-info.h>
#include <asm/ptrace.h>

enum {
	/* The upper 8 bits of gcsrrd, gcsrwr and gcsrxchg: CSR in bits 23 to 10, rj in 9 to 5, rd in 4 to 0. */
	GCSR = 0x05,
	/* rj of gcsrrd and gcsrwr; any other register of gcsrxchg has the mask. */
	GCSR_READ = 0,
	GCSR_WRITE = 1,
	/* The upper 17 bits of invtlb. */
	INVTLB_GUEST = 0x06498000 >> 15,
	/* The upper 17 bits of gtlbclr to gtlbfill. */
	GTLB = 0x06480000 >> 15,
};

static unsigned long csrs[1 << 14];

static void access_csr(struct pt_regs *regs, u32 instruction)
{
	unsigned long *csr = &csrs[(instruction >> 10) & 0x3fff];
	const u32 rj = (instruction >> 5) & 31, rd = instruction & 31;
	const unsigned long old = *csr;

	if (rj != GCSR_READ) {
		const unsigned long mask = rj == GCSR_WRITE ? ~0UL : regs->regs[rj];

		*csr = (old & ~mask) | (regs->regs[rd] & mask);
	}
	if (rd)
		regs->regs[rd] = old;
}

static int on_undefined_instruction(struct notifier_block *block, unsigned long reason, void *data)
{
	struct pt_regs *regs = ((struct die_args *)data)->regs;
	u32 instruction;

	if (reason != DIE_RI || user_mode(regs))
		return NOTIFY_DONE;
	instruction = *(u32 *)regs->csr_era;
	if (instruction >> 24 == GCSR)
		access_csr(regs, instruction);
	else if (instruction >> 15 != INVTLB_GUEST && instruction >> 15 != GTLB)
		return NOTIFY_DONE;
	regs->csr_era += sizeof(instruction);
	return NOTIFY_STOP;
}

static struct notifier_block on_die = {.notifier_call = on_undefined_instruction, .priority = INT_MAX};

static int __init claim_init(void)
{
	/* Modules cannot look names up, but a probe of a function has its address. */
	struct kprobe probe = {.symbol_name = "kvm_loongarch_init"};
	int (*start_kvm)(void);
	int error;

	error = register_kprobe(&probe);
	if (error)
		return error;
	start_kvm = (void *)probe.addr;
	unregister_kprobe(&probe);
	/* It stays registered if KVM does not start: then the guest ends without a report. */
	error = register_die_notifier(&on_die);
	if (error)
		return error;
	cpu_data[0].options |= LOONGARCH_CPU_LVZ | LOONGARCH_CPU_MSGINT;
	return start_kvm();
}
module_init(claim_init);

MODULE_DESCRIPTION("Claims LVZ, so that KVM starts in QEMU's emulation");
MODULE_LICENSE("GPL");
