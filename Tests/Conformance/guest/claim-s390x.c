// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes KVM of s390x load in QEMU's emulation, which has no SIE, the instruction that runs a guest. Calls on attributes
 * never run a guest, so it is enough that KVM finds what it looks for. Load this module before kvm.ko.
 *
 * It does two things. It claims the facilities that KVM's code asks for: of the SCLP, of STFLE, and of the machine. And it
 * answers the two instructions with which kvm.ko looks around and which QEMU lacks: PLO, and PQAP of the crypto adapters.
 * Nothing else of the kernel uses what is claimed here: its own tests were resolved when it started.
 */
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/version.h>
#include <asm/facility.h>
#include <asm/ptrace.h>
#include <asm/sclp.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#include <asm/machine.h>
#endif

/* The condition code in bits 18 and 19 of the PSW. */
#define CONDITION_CODE(n) ((unsigned long)(n) << 44)

enum {
	OPERATION_EXCEPTION = 1,
	/* PLO has 24 functions; bit 0x100 of register 0 only asks whether one exists. */
	PLO_FUNCTIONS = 24,
	PLO_TEST = 0x100,
	/* PQAP(QCI) asks for the configuration; its first byte says that adapters have 8-bit numbers. */
	PQAP_QCI = 4,
	QCI_SIZE = 128,
	QCI_EXTENDED_ADDRESSES = 0x40,
	/* PQAP on a queue: "no such queue", in bits 40 to 47 of register 1. */
	NO_QUEUE = 1 << 16,
};

static void set_condition(struct pt_regs *regs, unsigned int code)
{
	regs->psw.mask = (regs->psw.mask & ~CONDITION_CODE(3)) | CONDITION_CODE(code);
}

static void emulate_plo(struct pt_regs *regs)
{
	const unsigned long function = regs->gprs[0];

	set_condition(regs, (function & PLO_TEST) && (function & 0xff) < PLO_FUNCTIONS ? 0 : 3);
}

/* There are crypto adapters, and the host has none of their queues. */
static void emulate_pqap(struct pt_regs *regs)
{
	u8 *configuration = (u8 *)regs->gprs[2];

	if ((regs->gprs[0] >> 24 & 0xff) != PQAP_QCI) {
		regs->gprs[1] = NO_QUEUE;
		set_condition(regs, 3);
		return;
	}
	memset(configuration, 0, QCI_SIZE);
	configuration[0] = QCI_EXTENDED_ADDRESSES;
	set_condition(regs, 0);
}

static int on_illegal_operation(struct notifier_block *block, unsigned long event, void *data)
{
	struct pt_regs *regs = ((struct die_args *)data)->regs;
	const unsigned int length = regs->int_code >> 16;
	/* The PSW is after the instruction. */
	const u8 *code = (const u8 *)(regs->psw.addr - length);

	if (event != DIE_BPT || user_mode(regs) || (regs->int_code & 0xff) != OPERATION_EXCEPTION)
		return NOTIFY_DONE;
	if (length == 6 && code[0] == 0xee)
		emulate_plo(regs);
	else if (length == 4 && code[0] == 0xb2 && code[1] == 0xaf)
		emulate_pqap(regs);
	else
		return NOTIFY_DONE;
	return NOTIFY_STOP;
}

static struct notifier_block illegal_operations = {.notifier_call = on_illegal_operation, .priority = INT_MAX};

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
/* The address of a symbol that the kernel does not export. */
static void *address_of(const char *name)
{
	struct kprobe probe = {.symbol_name = "kallsyms_lookup_name"};
	unsigned long (*look_up)(const char *name);

	if (register_kprobe(&probe))
		return NULL;
	look_up = (void *)probe.addr;
	unregister_kprobe(&probe);
	return (void *)look_up(name);
}
#endif

/* ESOP, "enhanced suppression on protection". */
static int claim_esop(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	unsigned long *features = address_of("machine_features");

	if (!features)
		return -ENOENT;
	__set_machine_feature(MFEATURE_ESOP, features);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	get_lowcore()->machine_flags |= MACHINE_FLAG_ESOP;
#else
	S390_lowcore.machine_flags |= MACHINE_FLAG_ESOP;
#endif
	return 0;
}

static int __init claim(void)
{
	int error = claim_esop();

	if (error)
		return error;
	sclp.has_sief2 = 1;
	sclp.has_siif = 1;
	sclp.has_64bscao = 1;
	sclp.has_esca = 1;
	sclp.has_cmma = 1;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 13, 0)
	/* CPU topology, and multiple epochs of the clock. */
	__set_facility(11, stfle_fac_list);
	__set_facility(139, stfle_fac_list);
#else
	__set_facility(11, S390_lowcore.stfle_fac_list);
	__set_facility(139, S390_lowcore.stfle_fac_list);
#endif
	return register_die_notifier(&illegal_operations);
}

static void __exit unclaim(void)
{
	unregister_die_notifier(&illegal_operations);
}

module_init(claim);
module_exit(unclaim);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("makes KVM of s390x load in QEMU");
