/* A virtual machine monitor in miniature: it creates a VM with a vCPU and some memory, lets kvmload configure the
 * devices by a compiled plan, runs a guest of a few instructions, and prints what the guest writes to a port.
 *
 *     kvmconf compile vm.yaml -o vm.kvmplan
 *     minivmm vm.kvmplan
 */
#define _GNU_SOURCE

#include <kvmload.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#ifndef __x86_64__
#error "minivmm's guest is written for x86_64"
#endif

enum {
	GUEST_MEMORY = 1 << 16, /* bytes, from guest physical address 0 */
	GUEST_START = 0x1000,
	PORT = 0x3f8,
};

/* Real mode: writes the text after it to the port, one byte at a time, then halts. */
static const unsigned char guest[] = {
	0xba, PORT & 0xff, PORT >> 8,	    /* mov $PORT, %dx */
	0xbe, 0x0f, GUEST_START >> 8,	    /* mov $text, %si */
	0xac,				    /* next: lodsb */
	0x84, 0xc0,			    /* test %al, %al */
	0x74, 0x03,			    /* jz end */
	0xee,				    /* out %al, %dx */
	0xeb, 0xf8,			    /* jmp next */
	0xf4,				    /* end: hlt */
	/* text: */ 'H', 'e', 'l', 'l', 'o', ' ', 'f', 'r', 'o', 'm', ' ', 't', 'h', 'e', ' ', 'g', 'u', 'e', 's', 't',
	'\n', 0,
};

struct machine {
	int kvm, vm, vcpu;
	unsigned char *memory;
	struct kvm_run *run;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "minivmm: %s: %s\n", what, why);
	exit(1);
}

/* ---- The machine, which this program creates itself ---- */

static int create_vm(struct machine *machine, uint64_t type)
{
	struct kvm_userspace_memory_region region = {.memory_size = GUEST_MEMORY};

	machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, (unsigned long)type);
	if (machine->vm < 0)
		return errno;
	machine->memory = mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (machine->memory == MAP_FAILED)
		return errno;
	region.userspace_addr = (uintptr_t)machine->memory;
	return ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0 ? errno : 0;
}

static int create_vcpu(struct machine *machine, uint64_t id)
{
	const int size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (size < 0)
		return errno;
	machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, (unsigned long)id);
	if (machine->vcpu < 0)
		return errno;
	machine->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
	return machine->run == MAP_FAILED ? errno : 0;
}

/* ---- The devices, which the plan configures ---- */

static void print_step(struct kvmload_session *session, uint32_t index, void *context)
{
	const struct kvmload_outcome *outcome = &session->outcomes[index];
	const char *reason = kvmload_reason(session->plan, index, outcome->answer);
	struct kvmload_label label;
	struct kvmload_step step;

	(void)context;
	kvmload_get_step(session->plan, index, &step);
	kvmload_get_label(session->plan, index, &label);
	printf("step %u: %s %s%s%s: %s%s%s\n", index + 1, kvmload_operation_name(step.operation),
	       label.target ? label.target : "", label.attribute ? "." : "", label.attribute ? label.attribute : "",
	       outcome->answer < 0 ? "skipped" : outcome->answer ? strerror(outcome->answer) : "ok",
	       reason ? ": " : "", reason ? reason : "");
}

/* Makes the call of the next step, which this program owns. */
static void make_own_call(struct kvmload_session *session, struct machine *machine)
{
	struct kvmload_step step;
	int error;

	kvmload_get_step(session->plan, session->next, &step);
	switch (step.operation) {
	case KVMLOAD_CREATE_VM:
		error = create_vm(machine, step.value);
		kvmload_answer(session, error, machine->vm, NULL);
		break;
	case KVMLOAD_CREATE_VCPU:
		if (step.slot > 0)
			die("the plan", "this monitor has one vCPU");
		error = create_vcpu(machine, step.value);
		kvmload_answer(session, error, machine->vcpu, machine->run);
		break;
	default:
		/* The memory exists already, and there is nothing to initialise. */
		kvmload_skip(session);
	}
}

static void *room(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		die("memory", strerror(errno));
	return memory;
}

static void configure(struct kvmload_session *session, const struct kvmload_plan *plan, struct machine *machine)
{
	int state;
	uint32_t i;

	*session = (struct kvmload_session){
		.vcpus = room(plan->vcpu_slots, sizeof(*session->vcpus)),
		.devices = room(plan->device_slots, sizeof(*session->devices)),
		.mappings = room(plan->mapping_slots, sizeof(*session->mappings)),
		.files = room(plan->files, sizeof(*session->files)),
		.parameters = room(plan->parameters, sizeof(*session->parameters)),
		.outcomes = room(plan->steps, sizeof(*session->outcomes)),
		.scratch = room(plan->scratch_size, 1),
		.scratch_size = plan->scratch_size,
		.vcpu_slots = plan->vcpu_slots,
		.device_slots = plan->device_slots,
		.mapping_slots = plan->mapping_slots,
		.file_slots = plan->files,
		.parameter_slots = plan->parameters,
		.outcome_slots = plan->steps,
	};
	state = kvmload_begin(session, plan);
	if (state)
		die("the plan", kvmload_fault_text(state));
	for (i = 0; i < plan->files; i++) {
		const int error = kvmload_open_file(session, i);

		if (error)
			die("a file of the plan", strerror(error));
	}
	session->own = KVMLOAD_OWN_VM | KVMLOAD_OWN_MEMORY | KVMLOAD_OWN_VCPUS | KVMLOAD_OWN_VCPU_INIT;
	session->after = print_step;
	while ((state = kvmload_run(session)) == KVMLOAD_CALLER)
		make_own_call(session, machine);
	if (state < 0)
		die("the plan", kvmload_fault_text(state));
	if (state != KVMLOAD_FINISHED)
		die("the plan", "a step failed");
	if (machine->vm < 0 || machine->vcpu < 0)
		die("the plan", "it has no VM, or no vCPU");
}

/* ---- The guest ---- */

static void load_guest(struct machine *machine)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = {.rip = GUEST_START, .rflags = 2};

	memcpy(machine->memory + GUEST_START, guest, sizeof(guest));
	if (ioctl(machine->vcpu, KVM_GET_SREGS, &sregs) < 0)
		die("KVM_GET_SREGS", strerror(errno));
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(machine->vcpu, KVM_SET_SREGS, &sregs) < 0)
		die("KVM_SET_SREGS", strerror(errno));
	if (ioctl(machine->vcpu, KVM_SET_REGS, &regs) < 0)
		die("KVM_SET_REGS", strerror(errno));
}

static void run_guest(struct machine *machine)
{
	for (;;) {
		if (ioctl(machine->vcpu, KVM_RUN, 0) < 0)
			die("KVM_RUN", strerror(errno));
		switch (machine->run->exit_reason) {
		case KVM_EXIT_IO:
			if (machine->run->io.direction == KVM_EXIT_IO_OUT && machine->run->io.port == PORT)
				putchar(*((char *)machine->run + machine->run->io.data_offset));
			break;
		case KVM_EXIT_HLT:
			return;
		default:
			fprintf(stderr, "minivmm: the guest left with reason %u\n", machine->run->exit_reason);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	static unsigned char bytes[1 << 20];
	struct machine machine = {.vm = -1, .vcpu = -1};
	struct kvmload_session session;
	struct kvmload_plan plan;
	FILE *file;
	int fault;

	if (argc != 2)
		die("usage", "minivmm PLAN");
	file = fopen(argv[1], "rb");
	if (!file)
		die(argv[1], strerror(errno));
	fault = kvmload_check(&plan, bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
	if (fault)
		die(argv[1], kvmload_fault_text(fault));
	machine.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (machine.kvm < 0)
		die("/dev/kvm", strerror(errno));

	configure(&session, &plan, &machine);
	load_guest(&machine);
	run_guest(&machine);

	kvmload_close(&session);
	close(machine.vcpu);
	close(machine.vm);
	close(machine.kvm);
	return 0;
}
