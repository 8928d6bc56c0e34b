/* kvmload: makes the calls of a compiled plan, which configure the in-kernel devices of a KVM virtual machine.
 *
 * A plan is a file that `kvmconf compile` makes; docs/plan-format.md describes its bytes. kvmload reads it in place. It
 * allocates nothing, keeps no globals, starts no threads and needs nothing but libc: all memory is the caller's, and
 * kvmload_check() tells how much there must be.
 *
 *     struct kvmload_plan plan;
 *     if (kvmload_check(&plan, bytes, size))           // nothing of a bad plan is ever used
 *             ...
 *     struct kvmload_session session = {.vcpus = ..., .devices = ..., ...};
 *     kvmload_begin(&session, &plan);
 *     session.own = KVMLOAD_OWN_VM | KVMLOAD_OWN_VCPUS; // what this program does itself
 *     while ((state = kvmload_run(&session)) == KVMLOAD_YOURS)
 *             ...                                      // do it, and kvmload_answer()
 *     kvmload_close(&session);
 *
 * A KVM descriptor works only in the process that created the VM, so a session must not be used after fork().
 * Different sessions can be used by different threads; one session by one thread at a time.
 */
#ifndef KVMLOAD_H
#define KVMLOAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- A plan ---- */

/* The version of the file format that this kvmload reads. */
#define KVMLOAD_VERSION 1

/* The architectures that a plan can be for. The numbers are fixed. */
enum kvmload_architecture {
	KVMLOAD_ARM64 = 1,
	KVMLOAD_X86_64 = 2,
	KVMLOAD_RISCV64 = 3,
	KVMLOAD_PPC64 = 4,
	KVMLOAD_S390X = 5,
	KVMLOAD_LOONGARCH64 = 6,
};

/* What a step does. The numbers are fixed. Behind each: the fields of struct kvmload_step that it has. */
enum kvmload_operation {
	/* KVM_CREATE_VM: `value` is the machine type. At most one, and the first step. It is tried again where a signal
	 * interrupts it, which says nothing about the VM. */
	KVMLOAD_CREATE_VM = 1,
	/* KVM_SET_USER_MEMORY_REGION of fresh anonymous memory, not reserved (a failing mmap() is the answer, too):
	 * `number` is the memory slot, `value` the guest physical address and `size` the size in bytes. A size of 0
	 * maps nothing: it asks the kernel to delete the slot. */
	KVMLOAD_ADD_MEMORY = 2,
	/* KVM_ENABLE_CAP on `target` (the VM or a vCPU): `number` is the capability, then `flags`. The payload is
	 * the arguments, up to four 64-bit little-endian integers; where bit N of `argument_devices` is set, argument N
	 * is a device slot, whose descriptor is passed instead. */
	KVMLOAD_ENABLE_CAPABILITY = 3,
	/* KVM_CREATE_IRQCHIP. */
	KVMLOAD_CREATE_IRQCHIP = 4,
	/* KVM_CREATE_VCPU: `value` is the vCPU's id, `slot` the vCPU slot that it fills. */
	KVMLOAD_CREATE_VCPU = 5,
	/* The architecture's initialisation of the vCPU in `slot`. arm64: KVM_ARM_PREFERRED_TARGET, KVM_ARM_VCPU_INIT
	 * with the features whose bits are set in `value`, then KVM_ARM_VCPU_FINALIZE for each 32-bit integer of the
	 * payload; the first refusal is the answer. Elsewhere: no call, and success. */
	KVMLOAD_INIT_VCPU = 6,
	/* KVM_CREATE_DEVICE: `number` is the type, then `flags`; `slot` is the device slot that it fills. */
	KVMLOAD_CREATE_DEVICE = 7,
	/* KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST: `number` is the type, then `flags`. Fills no slot. */
	KVMLOAD_TEST_DEVICE = 8,
	/* close() of the device in `slot`, which is empty then. */
	KVMLOAD_CLOSE_DEVICE = 9,
	/* KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_HAS_DEVICE_ATTR on `target`: `number` is the group, `value` the
	 * attr field, then `flags` and `data`. A get overwrites the payload. */
	KVMLOAD_SET_ATTRIBUTE = 10,
	KVMLOAD_GET_ATTRIBUTE = 11,
	KVMLOAD_HAS_ATTRIBUTE = 12,
	/* KVM_RUN of the vCPU in `slot` with immediate_exit set. EINTR, the proof that every check before the guest
	 * passed, is success. No instruction of the guest runs. */
	KVMLOAD_RUN_VCPU = 13,
};

/* The descriptor that a call is made on. */
enum kvmload_target {
	KVMLOAD_SYSTEM = 0, /* /dev/kvm */
	KVMLOAD_VM = 1,
	KVMLOAD_VCPU = 2, /* the vCPU in the step's slot */
	KVMLOAD_DEVICE = 3, /* the device in the step's slot */
};

/* What the addr field of a struct kvm_device_attr leads to. */
enum kvmload_data {
	KVMLOAD_NO_DATA = 0, /* a null pointer */
	KVMLOAD_BYTES = 1, /* the payload */
	KVMLOAD_INVALID_POINTER = 2, /* KVMLOAD_INVALID_ADDRESS */
};

/* An address where no process has memory: the second page, which vm.mmap_min_addr keeps free for the sake of null
 * pointers. Copying from or to it gives EFAULT. An address of the kernel's half would not do: on POWER9 with radix
 * translation, Linux 7.2 copies garbage from some. */
#define KVMLOAD_INVALID_ADDRESS UINT64_C(0x1000)

/* A checked plan. All fields are kvmload_check()'s; the first part may be read. */
struct kvmload_plan {
	uint32_t architecture; /* enum kvmload_architecture */
	uint32_t steps; /* how many */
	uint32_t files; /* how many descriptors the caller has to give, see kvmload_get_file() */
	uint32_t parameters; /* how many values the caller can or has to give, see kvmload_get_parameter() */
	uint32_t vcpu_count; /* the parameter that is the number of vCPUs, by its index and 1; 0: they are the plan's own */
	uint32_t vcpu_slots; /* elements that session.vcpus must have; or more, where the number is a parameter */
	uint32_t device_slots; /* elements that session.devices must have */
	uint32_t mapping_slots; /* elements that session.mappings must have */
	uint32_t scratch_size; /* bytes that session.scratch must have */
	const char *name; /* the manifest's name */
	const char *manifest; /* the manifest's file */

	const unsigned char *bytes;
	uint32_t sections[11];
	uint32_t size;
	uint32_t big_endian;
	uint32_t labels;
};

/* Why a plan, or a session, is refused. All are negative. */
enum kvmload_fault {
	KVMLOAD_NOT_A_PLAN = -1, /* the bytes do not begin as a plan does */
	KVMLOAD_OTHER_VERSION = -2, /* a plan of another version of the format */
	KVMLOAD_TRUNCATED = -3, /* there are fewer bytes, or more, than the plan has */
	KVMLOAD_BAD_CHECKSUM = -4, /* bytes have changed since the plan was compiled */
	KVMLOAD_BAD_LAYOUT = -5, /* the sections are not where they belong */
	KVMLOAD_BAD_RECORD = -6, /* a record has a field with a value that it cannot have */
	KVMLOAD_OTHER_ARCHITECTURE = -7, /* the plan is for another architecture than this program */
	KVMLOAD_NO_ROOM = -8, /* an array of the session's is smaller than the plan needs */
	KVMLOAD_NO_VALUE = -9, /* a parameter has no value, or a file no descriptor */
	KVMLOAD_BAD_VALUE = -10, /* a parameter's value does not fit where it belongs */
};

/* The fault in words, for people. */
const char *kvmload_fault_text(int fault);

/* Checks the `size` bytes of a plan, all of them, and prepares to read them in place: they must not change, nor go away,
 * while the plan is used. A plan of any architecture is good. Returns 0 or one of enum kvmload_fault. No access goes
 * outside the bytes, whatever they are. */
int kvmload_check(struct kvmload_plan *plan, const void *bytes, size_t size);

/* One step, in numbers. Fields that the operation does not have are 0. Of a step that is made for each vCPU, the slot and
 * id are those of the first: session->vcpu is added to them. */
struct kvmload_step {
	uint32_t operation; /* enum kvmload_operation */
	uint32_t target; /* enum kvmload_target */
	uint32_t slot; /* the vCPU or device slot that the call uses or fills, from 0 */
	uint32_t number; /* memory slot, capability, device type or attribute group */
	uint32_t flags; /* the flags field of the call's struct, where it has one */
	uint32_t data; /* enum kvmload_data */
	uint64_t value; /* machine type, address, vCPU id, features or attr */
	uint64_t size; /* of memory, in bytes */
	const void *payload; /* as compiled: without the values of files and parameters */
	uint32_t payload_size; /* bytes */
	uint32_t argument_devices;
};

/* Reads a step. `index` is less than plan->steps. */
void kvmload_get_step(const struct kvmload_plan *plan, uint32_t index, struct kvmload_step *step);

/* What a step is called in reports. All is NULL or 0 where the plan is stripped. */
struct kvmload_label {
	const char *target; /* a device's name, `vm`, `system` or `vcpu.ID` */
	const char *attribute; /* such as `addr.dist`, or NULL */
	const char *value; /* as the manifest's author wrote it, or NULL */
	const char *file; /* where the manifest says so */
	uint32_t line;
	uint32_t column;
};

void kvmload_get_label(const struct kvmload_plan *plan, uint32_t index, struct kvmload_label *label);

/* The name of an operation, such as `set-attribute`; NULL for a number that is none. */
const char *kvmload_operation_name(uint32_t operation);

/* What an errno means as the answer to this step, in words; NULL where the plan does not know, or is stripped. Where the
 * kernel has several reasons for the errno, they are alternatives, joined by "; or ". */
const char *kvmload_reason(const struct kvmload_plan *plan, uint32_t index, int error);

/* Whether an answer, 0 or an errno, is one that the plan expects of this step. */
int kvmload_expects(const struct kvmload_plan *plan, uint32_t index, int answer);

/* A file whose descriptor payloads hold. `index` is less than plan->files. */
struct kvmload_file {
	const char *name;
	const char *path;
};

void kvmload_get_file(const struct kvmload_plan *plan, uint32_t index, struct kvmload_file *file);

/* A value that is known only when the plan is loaded. `index` is less than plan->parameters. */
struct kvmload_parameter {
	const char *name;
	uint32_t size; /* in bytes: 1, 2, 4 or 8 */
	uint32_t is_signed;
	uint32_t has_value; /* whether `value` holds one, which is used unless the caller gives another */
	uint64_t value; /* of a signed one: sign-extended to 64 bits */
};

void kvmload_get_parameter(const struct kvmload_plan *plan, uint32_t index, struct kvmload_parameter *parameter);

/* ---- A session ---- */

/* A vCPU: its descriptor, or -1, and its mapped struct kvm_run, or NULL until the first run. */
struct kvmload_vcpu {
	int fd;
	uint32_t is_callers; /* bit 0: `fd` is the caller's, and not closed; bit 1: `run` is, and not unmapped */
	void *run;
};

/* A device: its descriptor, or -1. */
struct kvmload_device {
	int fd;
};

/* Memory of the guest's, as mapped here. */
struct kvmload_mapping {
	void *start;
	size_t size;
};

/* The value of a parameter of the plan. */
struct kvmload_value {
	uint64_t value;
	uint32_t is_set;
};

/* What became of a step, as against what the plan expects. */
enum kvmload_verdict {
	KVMLOAD_PENDING = 0, /* it has not been its turn */
	KVMLOAD_PASSED = 1,
	KVMLOAD_UNEXPECTED = 2, /* it failed: the answer is not an expected one */
	KVMLOAD_MISMATCH = 3, /* it failed: a get read something else than it should */
	KVMLOAD_SKIPPED = 4, /* no call was made, and that is no failure */
};

/* The answer of a step for which no call was made. */
#define KVMLOAD_NO_ANSWER (-1)

struct kvmload_outcome {
	int32_t answer; /* 0, the kernel's errno, or KVMLOAD_NO_ANSWER */
	uint32_t verdict; /* enum kvmload_verdict */
};

/* The calls that the caller makes itself, each in its way. */
enum kvmload_own {
	KVMLOAD_OWN_VM = 1 << KVMLOAD_CREATE_VM,
	KVMLOAD_OWN_MEMORY = 1 << KVMLOAD_ADD_MEMORY,
	KVMLOAD_OWN_VCPUS = 1 << KVMLOAD_CREATE_VCPU,
	KVMLOAD_OWN_VCPU_INIT = 1 << KVMLOAD_INIT_VCPU,
	KVMLOAD_OWN_RUN = 1 << KVMLOAD_RUN_VCPU,
};

/* What a callback wants done with a step. */
enum kvmload_decision {
	KVMLOAD_MAKE = 0,
	KVMLOAD_SKIP = 1,
	KVMLOAD_STOP = 2, /* kvmload_run() returns, with the step still to come */
};

/* One run of a plan: a VM with its vCPUs, devices and memory, as descriptors and mappings of this process.
 *
 * The caller owns the arrays. It sets them and their sizes before kvmload_begin() and keeps them until after
 * kvmload_close(). What kvmload_begin() does not need from the caller it sets itself. */
struct kvmload_session {
	/* The caller's, before kvmload_begin(). An array of which the plan needs no element may be NULL. */
	struct kvmload_vcpu *vcpus;
	struct kvmload_device *devices;
	struct kvmload_mapping *mappings;
	int *files; /* descriptors, an element for each file of the plan */
	struct kvmload_value *parameters; /* an element for each parameter of the plan */
	struct kvmload_outcome *outcomes; /* an element for each step of the plan */
	/* Where the payload stands during a call: at the end, so that a page behind it that nobody can touch ends an
	 * attribute of which the kernel reads or writes more than the plan has. */
	unsigned char *scratch;
	size_t scratch_size; /* bytes */
	uint32_t vcpu_slots;
	uint32_t device_slots;
	uint32_t mapping_slots;
	uint32_t file_slots;
	uint32_t parameter_slots;
	uint32_t outcome_slots;

	/* The caller's, after kvmload_begin(), which clears them. */
	uint32_t own; /* of enum kvmload_own: the caller makes these calls */
	/* Asked before kvmload_run() makes a call; NULL makes all. */
	enum kvmload_decision (*before)(struct kvmload_session *session, uint32_t index, void *context);
	/* Told behind each step, also of a skipped one and of one of the caller's; NULL tells nobody. */
	void (*after)(struct kvmload_session *session, uint32_t index, void *context);
	void *context;

	/* kvmload's; may be read. */
	const struct kvmload_plan *plan;
	uint32_t next; /* the step whose turn it is */
	uint32_t last; /* the step that had its turn before, once there is one */
	/* In a block of steps that is made for each vCPU: the index of the one whose turn it is, else 0. It is added to the
	 * step's vCPU slot, and to the id of one that is created. The outcomes are those of the last. */
	uint32_t vcpu;
	uint32_t block_first;
	uint32_t block_end;
	int system; /* /dev/kvm, or -1 */
	int vm; /* or -1 */
	uint32_t vm_is_callers;
	uint32_t mappings_used;
	size_t run_size; /* of struct kvm_run as mapped by kvmload, in bytes */
	const void *payload; /* of the last call: what a get has read */
	uint32_t payload_size; /* bytes */
};

/* Begins a run of a checked plan: every slot is empty, files have no descriptor (-1) and parameters the value that the
 * plan has for them. Makes no call. Returns 0, KVMLOAD_OTHER_ARCHITECTURE or KVMLOAD_NO_ROOM. */
int kvmload_begin(struct kvmload_session *session, const struct kvmload_plan *plan);

/* Opens /dev/kvm, or the file at `path` where that is not NULL. A caller that makes KVM_CREATE_VM itself, and whose plan
 * has no call on the system and no run, does without.
 *
 * Returns 0; the errno of open(); what KVM_GET_API_VERSION answered (ENOTTY where the file is no KVM); or EPROTO where
 * the API is not version 12. */
int kvmload_open(struct kvmload_session *session, const char *path);

/* Opens a file of the plan's, at the path that it names, for reading and writing, or for reading alone where the other is
 * refused. A caller that has a descriptor stores it in session->files[index] instead; it is closed by kvmload_close() all
 * the same. Returns 0 or the errno of open(). */
int kvmload_open_file(struct kvmload_session *session, uint32_t index);

/* KVM_CHECK_EXTENSION of capability `number`, on the VM where the session has one, else on /dev/kvm. Stores in *value what the
 * kernel says of it: 0 where it does not have it, else 1 or, of a limit, the limit. Returns 0, the errno that the kernel
 * answered, or KVMLOAD_NO_ANSWER where the session has neither. It is no step of a plan, and changes nothing. */
int kvmload_check_extension(const struct kvmload_session *session, uint32_t number, uint32_t *value);

/* What kvmload_run() has come to. */
enum kvmload_state {
	/* Every step has had its turn. */
	KVMLOAD_FINISHED = 0,
	/* Step session->last failed. Calling again goes on behind it, with the state as it is. */
	KVMLOAD_FAILED = 1,
	/* Step session->next is a call of the caller's: it makes it, or does not, and tells by kvmload_answer() or
	 * kvmload_skip(). */
	KVMLOAD_YOURS = 2,
	/* The callback wanted to stop before step session->next. */
	KVMLOAD_STOPPED = 3,
	/* Nothing was done: a file has no descriptor, or a parameter no value or one that does not fit. Or KVMLOAD_NO_ROOM
	 * and KVMLOAD_OTHER_ARCHITECTURE, see enum kvmload_fault: any negative state is one of those. */
};

/* Makes the calls of the plan in order, until one fails, is the caller's, or all are made. A step whose guard does not
 * hold is skipped, and so is one whose VM, vCPU or device was not created. Before the first call, files and parameters
 * must have their descriptors and values. Returns one of enum kvmload_state, or a fault. */
int kvmload_run(struct kvmload_session *session);

/* Tells what the caller's own call of step session->next was answered: 0 or an errno, and for a VM or vCPU that was
 * created its descriptor, which stays the caller's. For a vCPU that the plan runs, `run` is its mapped struct kvm_run, or
 * NULL, and kvmload maps it. Returns the step's enum kvmload_verdict. */
int kvmload_answer(struct kvmload_session *session, int answer, int fd, void *run);

/* Passes over step session->next without a call. */
void kvmload_skip(struct kvmload_session *session);

/* Makes the call of one step, whatever its turn, its guards and its verdict: for callers with a loop of their own, who
 * have called kvmload_ready(). Returns 0, the errno that the kernel answered, or KVMLOAD_NO_ANSWER where there is no
 * descriptor to make it on, or no place for one. */
int kvmload_perform(struct kvmload_session *session, uint32_t index);

/* Whether all files and parameters that steps use have descriptors and values that fit. Returns 0, KVMLOAD_NO_VALUE or
 * KVMLOAD_BAD_VALUE. */
int kvmload_ready(const struct kvmload_session *session);

/* Closes the devices, the vCPUs, the VM, the files and /dev/kvm, then unmaps the guest's memory and each struct kvm_run:
 * all but what is the caller's. Closing a session that is closed does nothing. errno keeps its value. */
void kvmload_close(struct kvmload_session *session);

#ifdef __cplusplus
}
#endif

#endif
