/* kvmload: makes the calls of a compiled plan, which configure the in-kernel devices of a KVM virtual machine.
 *
 * A plan is a file that `kvmconf compile` writes; docs/plan-format.md describes its bytes. kvmload reads it in place.
 * It allocates nothing, keeps no globals, starts no threads and needs only libc. The caller supplies all memory;
 * kvmload_check() reports how much is needed.
 *
 *     struct kvmload_plan plan;
 *     if (kvmload_check(&plan, bytes, size))             // a bad plan is refused as a whole
 *             ...
 *     struct kvmload_session session = {.vcpus = ..., .devices = ..., ...};
 *     kvmload_begin(&session, &plan);
 *     session.own = KVMLOAD_OWN_VM | KVMLOAD_OWN_VCPUS;  // the calls that this program makes itself
 *     while ((state = kvmload_run(&session)) == KVMLOAD_CALLER)
 *             ...                                        // make the call, then kvmload_answer()
 *     kvmload_close(&session);
 *
 * A KVM descriptor works only in the process that created the VM, so do not use a session after fork(). Threads can use
 * different sessions at the same time, but not the same one.
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

/* The number of sections in a plan. */
#define KVMLOAD_SECTIONS 11

/* The architecture of a plan. The numbers are part of the file format. */
enum kvmload_architecture {
	KVMLOAD_ARM64 = 1,
	KVMLOAD_X86_64 = 2,
	KVMLOAD_RISCV64 = 3,
	KVMLOAD_PPC64 = 4,
	KVMLOAD_S390X = 5,
	KVMLOAD_LOONGARCH64 = 6,
	KVMLOAD_PPC = 7,
};

/* What a step does, and the fields of struct kvmload_step that it uses. The numbers are part of the file format. */
enum kvmload_operation {
	/* KVM_CREATE_VM: `value` is the machine type. Only the first step can be one. kvmload repeats the call if a
	 * signal interrupts it. */
	KVMLOAD_CREATE_VM = 1,
	/* KVM_SET_USER_MEMORY_REGION of fresh anonymous memory, not reserved: `number` is the memory slot, `value` the
	 * guest physical address and `size` the size in bytes; `flags`. If mmap() fails, its errno is the answer. A size
	 * of 0 maps nothing and asks the kernel to delete the slot. If `target` is a device, it is a guest_memfd, and the
	 * call is KVM_SET_USER_MEMORY_REGION2; the payload is the offset in it, a 64-bit little-endian integer. */
	KVMLOAD_ADD_MEMORY = 2,
	/* KVM_ENABLE_CAP on `target` (the VM or a vCPU): `number` is the capability; `flags`. The payload holds the
	 * arguments: up to four 64-bit little-endian integers. If bit N of `argument_devices` is set, argument N is a
	 * device slot, and the device's descriptor is passed instead. */
	KVMLOAD_ENABLE_CAPABILITY = 3,
	/* KVM_CREATE_IRQCHIP. */
	KVMLOAD_CREATE_IRQCHIP = 4,
	/* KVM_CREATE_VCPU: `value` is the vCPU's id, `slot` the vCPU slot to fill. */
	KVMLOAD_CREATE_VCPU = 5,
	/* The architecture's initialisation of the vCPU in `slot`. arm64: KVM_ARM_PREFERRED_TARGET, KVM_ARM_VCPU_INIT
	 * with the features whose bits are set in `value`, then KVM_ARM_VCPU_FINALIZE for each 32-bit integer of the
	 * payload; the first refusal is the answer. Other architectures: no call, and success. */
	KVMLOAD_INIT_VCPU = 6,
	/* KVM_CREATE_DEVICE: `number` is the type; `flags`; `slot` is the device slot to fill. */
	KVMLOAD_CREATE_DEVICE = 7,
	/* KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST: `number` is the type; `flags`. Fills no slot. */
	KVMLOAD_TEST_DEVICE = 8,
	/* close() of the device in `slot`, which becomes empty. */
	KVMLOAD_CLOSE_DEVICE = 9,
	/* KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_HAS_DEVICE_ATTR on `target`: `number` is the group, `value` the
	 * attr field; `flags` and `data`. A get overwrites the payload. */
	KVMLOAD_SET_ATTRIBUTE = 10,
	KVMLOAD_GET_ATTRIBUTE = 11, /* `size`: where a value that it reads is stored, see docs/plan-format.md */
	KVMLOAD_HAS_ATTRIBUTE = 12,
	/* KVM_RUN of the vCPU in `slot` with immediate_exit set, so that no guest instruction runs. EINTR counts as
	 * success: the kernel returns it after all of its checks have passed. */
	KVMLOAD_RUN_VCPU = 13,
	/* Another request of KVM on `target`: `number` is the request of ioctl(), with direction and size; `data`;
	 * `flags` are bits of enum kvmload_call_flag. If the call answers a descriptor, `value` is the device slot to
	 * fill. */
	KVMLOAD_CALL = 14,
	/* KVM_CHECK_EXTENSION on the VM: `number` is the capability. If the kernel's answer is 0, it lacks the
	 * capability, and the step's answer is ENXIO. */
	KVMLOAD_CHECK_EXTENSION = 15,
};

/* Facts about a request of KVM. The numbers are part of the file format. */
enum kvmload_call_flag {
	KVMLOAD_WRITES_PAYLOAD = 1, /* the kernel writes the payload */
	/* The answer is a new descriptor, which the session owns and closes. As with any of its calls, a plan must be
	 * trusted as much as a program. */
	KVMLOAD_MAKES_DESCRIPTOR = 2,
};

/* The descriptor that a call is made on. The numbers are part of the file format. */
enum kvmload_target {
	KVMLOAD_SYSTEM = 0, /* /dev/kvm */
	KVMLOAD_VM = 1,
	KVMLOAD_VCPU = 2, /* the vCPU in the step's slot */
	KVMLOAD_DEVICE = 3, /* the device in the step's slot */
};

/* What the addr field of a struct kvm_device_attr points to. The numbers are part of the file format. */
enum kvmload_data {
	KVMLOAD_NO_DATA = 0, /* a null pointer */
	KVMLOAD_BYTES = 1, /* the payload */
	KVMLOAD_INVALID_POINTER = 2, /* KVMLOAD_INVALID_ADDRESS */
};

/* An address at which no process has memory: in the second page, which vm.mmap_min_addr keeps free to catch null
 * pointers. Copying from or to it fails with EFAULT. An address in the kernel's half is not reliable: on POWER9 with
 * radix translation, Linux 7.2 copies garbage from some of them. */
#define KVMLOAD_INVALID_ADDRESS 0x1000ULL

/* The path of a file that is a new eventfd. */
#define KVMLOAD_EVENTFD "eventfd"

/* A checked plan. kvmload_check() sets all fields; the caller may read those up to `manifest`. */
struct kvmload_plan {
	uint32_t architecture; /* enum kvmload_architecture */
	uint32_t steps; /* number of steps */
	uint32_t files; /* number of descriptors that the caller supplies, see kvmload_get_file() */
	uint32_t parameters; /* number of values that the caller can supply, see kvmload_get_parameter() */
	uint32_t vcpu_count; /* index + 1 of the parameter that is the number of vCPUs; 0 if the plan sets it */
	uint32_t vcpu_slots; /* elements that session.vcpus needs; more, if the number of vCPUs is a parameter */
	uint32_t device_slots; /* elements that session.devices needs */
	uint32_t mapping_slots; /* elements that session.mappings needs */
	uint32_t scratch_size; /* bytes that session.scratch needs */
	const char *name; /* the manifest's name */
	const char *manifest; /* the manifest's file */

	const unsigned char *bytes;
	uint32_t sections[KVMLOAD_SECTIONS]; /* the offset of each */
	uint32_t size;
	uint32_t big_endian;
	uint32_t labels;
};

/* Why a plan or a session is refused. All values are negative. */
enum kvmload_fault {
	KVMLOAD_NOT_A_PLAN = -1, /* the bytes do not begin like a plan */
	KVMLOAD_OTHER_VERSION = -2, /* the plan has another version of the format */
	KVMLOAD_TRUNCATED = -3, /* there are fewer or more bytes than the plan says */
	KVMLOAD_BAD_CHECKSUM = -4, /* bytes have changed since the plan was compiled */
	KVMLOAD_BAD_LAYOUT = -5, /* the sections are not where they belong */
	KVMLOAD_BAD_RECORD = -6, /* a field of a record has an invalid value */
	KVMLOAD_OTHER_ARCHITECTURE = -7, /* the plan is for a different architecture than this program */
	KVMLOAD_NO_ROOM = -8, /* an array of the session is smaller than the plan needs */
	KVMLOAD_NO_VALUE = -9, /* a parameter has no value, or a file has no descriptor */
	KVMLOAD_BAD_VALUE = -10, /* a parameter's value does not fit where it is used */
};

/* Describes a fault in words, for people. */
const char *kvmload_fault_text(int fault);

/* Checks all `size` bytes of a plan and prepares to read them in place: they must stay as they are while the plan is
 * used. Accepts plans for every architecture. Reads nothing outside the bytes, whatever they contain. Returns 0 or one
 * of enum kvmload_fault. */
int kvmload_check(struct kvmload_plan *plan, const void *bytes, size_t size);

/* One step, in numbers. Fields that the operation does not use are 0. In a step that is made once per vCPU, the slot
 * and the id are those of the first vCPU; session->vcpu is added to them. */
struct kvmload_step {
	uint32_t operation; /* enum kvmload_operation */
	uint32_t target; /* enum kvmload_target */
	uint32_t slot; /* the vCPU or device slot that the call uses or fills, from 0 */
	uint32_t number; /* memory slot, capability, device type or attribute group */
	uint32_t flags; /* the flags field of the call's struct, if it has one */
	uint32_t data; /* enum kvmload_data */
	uint64_t value; /* machine type, address, vCPU id, features or attr */
	uint64_t size; /* of memory, in bytes */
	const void *payload; /* as compiled: without the values of files and parameters */
	uint32_t payload_size; /* bytes */
	uint32_t argument_devices;
	uint32_t result; /* 1 + the number that the call must answer if it succeeds; 0 if any number will do */
};

/* Reads a step. `index` is less than plan->steps. */
void kvmload_get_step(const struct kvmload_plan *plan, uint32_t index, struct kvmload_step *step);

/* The names and the place of a step, for reports. All fields are NULL or 0 if the plan is stripped. */
struct kvmload_label {
	const char *target; /* a device's name, `vm`, `system` or `vcpu.ID` */
	const char *attribute; /* such as `addr.dist`, or NULL */
	const char *key; /* the fields of the attribute's number, such as `offset GICD_CTLR`, or NULL */
	const char *value; /* as written in the manifest, or NULL */
	const char *file; /* the manifest that the step comes from, with line and column from 1 */
	uint32_t line;
	uint32_t column;
};

/* Reads the label of a step. `index` is less than plan->steps. */
void kvmload_get_label(const struct kvmload_plan *plan, uint32_t index, struct kvmload_label *label);

/* Returns the name of an operation, such as `set-attribute`, or NULL if the number is unknown. */
const char *kvmload_operation_name(uint32_t operation);

/* Returns what an errno means as the answer to this step, in words; NULL if the plan has no reason for it, or is
 * stripped. If the kernel has several reasons for the errno, the text lists them, joined by "; or ". */
const char *kvmload_reason(const struct kvmload_plan *plan, uint32_t index, int error);

/* Returns whether the plan expects this answer, 0 or an errno, to this step. */
int kvmload_expects(const struct kvmload_plan *plan, uint32_t index, int answer);

/* Returns one of the answers, 0 or an errno, that the plan expects to this step; -1 if it expects no more than `which`.
 * `which` counts from 0. A plan may list an answer more than once, and in any order. */
int kvmload_expected(const struct kvmload_plan *plan, uint32_t index, uint32_t which);

/* A file whose descriptor is passed in payloads. */
struct kvmload_file {
	const char *name;
	const char *path;
};

/* Reads a file's record. `index` is less than plan->files. */
void kvmload_get_file(const struct kvmload_plan *plan, uint32_t index, struct kvmload_file *file);

/* A value that is supplied when the plan is loaded. */
struct kvmload_parameter {
	const char *name;
	uint32_t size; /* in bytes: 1, 2, 4 or 8 */
	uint32_t is_signed;
	uint32_t is_read; /* whether a step reads the value; the caller then supplies none */
	uint32_t has_value; /* whether `value` is a default, used unless the caller supplies another value */
	uint64_t value; /* sign-extended to 64 bits if the parameter is signed */
};

/* Reads a parameter's record. `index` is less than plan->parameters. */
void kvmload_get_parameter(const struct kvmload_plan *plan, uint32_t index, struct kvmload_parameter *parameter);

/* ---- A session ---- */

/* The parts of a vCPU that belong to the caller: kvmload_close() leaves them alone. */
enum kvmload_callers {
	KVMLOAD_CALLERS_FD = 1 << 0,
	KVMLOAD_CALLERS_RUN = 1 << 1,
};

/* A vCPU. */
struct kvmload_vcpu {
	int fd; /* or -1 */
	uint32_t callers; /* bits of enum kvmload_callers */
	void *run; /* its mapped struct kvm_run, or NULL until the first run */
};

/* A device, or another descriptor that a call answered. */
struct kvmload_device {
	int fd; /* or -1 */
};

/* Guest memory, as mapped in this process. */
struct kvmload_mapping {
	void *start;
	size_t size;
};

/* The value of a parameter. */
struct kvmload_value {
	uint64_t value;
	uint32_t is_set;
};

/* The outcome of a step, compared with what the plan expects. */
enum kvmload_verdict {
	KVMLOAD_PENDING = 0, /* its turn has not come yet */
	KVMLOAD_PASSED = 1,
	KVMLOAD_UNEXPECTED = 2, /* failed: the plan does not expect this answer */
	KVMLOAD_MISMATCH = 3, /* failed: a get read a different value than the plan expects */
	KVMLOAD_SKIPPED = 4, /* no call was made; this does not count as a failure */
};

/* The answer of a step for which no call was made. */
#define KVMLOAD_NO_ANSWER (-1)

/* The same, because a value that an earlier step has read does not fit where this one uses it. This is a failure: the
 * verdict is KVMLOAD_UNEXPECTED. */
#define KVMLOAD_UNFIT (-2)

struct kvmload_outcome {
	int32_t answer; /* 0, the kernel's errno, KVMLOAD_NO_ANSWER or KVMLOAD_UNFIT */
	uint32_t verdict; /* enum kvmload_verdict */
};

/* The calls that the caller makes itself: bits of session.own. */
enum kvmload_own {
	KVMLOAD_OWN_VM = 1 << KVMLOAD_CREATE_VM,
	KVMLOAD_OWN_MEMORY = 1 << KVMLOAD_ADD_MEMORY,
	KVMLOAD_OWN_VCPUS = 1 << KVMLOAD_CREATE_VCPU,
	KVMLOAD_OWN_VCPU_INIT = 1 << KVMLOAD_INIT_VCPU,
	KVMLOAD_OWN_RUN = 1 << KVMLOAD_RUN_VCPU,
};

/* A callback's decision about a step. */
enum kvmload_decision {
	KVMLOAD_MAKE = 0,
	KVMLOAD_SKIP = 1,
	KVMLOAD_STOP = 2, /* kvmload_run() returns before the step */
};

/* One run of a plan: a VM with its vCPUs, devices and memory, as descriptors and mappings of this process.
 *
 * The caller owns the arrays. It sets them and their sizes before kvmload_begin() and keeps them until after
 * kvmload_close(). kvmload_begin() sets all other fields. */
struct kvmload_session {
	/* Set by the caller before kvmload_begin(). An array may be NULL if the plan needs no element of it. */
	struct kvmload_vcpu *vcpus;
	struct kvmload_device *devices;
	struct kvmload_mapping *mappings;
	int *files; /* descriptors, one per file of the plan */
	struct kvmload_value *parameters; /* one per parameter of the plan */
	struct kvmload_outcome *outcomes; /* one per step of the plan */
	/* Holds the payload during a call, at its end. If an inaccessible page follows, the kernel cannot read or write
	 * beyond the payload: it answers EFAULT. */
	unsigned char *scratch;
	size_t scratch_size; /* bytes */
	uint32_t vcpu_slots;
	uint32_t device_slots;
	uint32_t mapping_slots;
	uint32_t file_slots;
	uint32_t parameter_slots;
	uint32_t outcome_slots;

	/* Set by the caller after kvmload_begin(), which clears them. */
	uint32_t own; /* bits of enum kvmload_own: the calls that the caller makes */
	/* Called before kvmload_run() makes a call; if it is NULL, every call is made. */
	enum kvmload_decision (*before)(struct kvmload_session *session, uint32_t index, void *context);
	/* Called after each step, including skipped steps and those of the caller; may be NULL. */
	void (*after)(struct kvmload_session *session, uint32_t index, void *context);
	void *context;

	/* Set by kvmload; the caller may read them. */
	const struct kvmload_plan *plan;
	uint32_t next; /* the index of the step to come */
	uint32_t last; /* the index of the step before, once there is one */
	/* The index of the current vCPU in a block of steps that is made once per vCPU, else 0. It is added to the
	 * step's vCPU slot, and to the id of a created vCPU. session.outcomes holds the outcomes for the last vCPU. */
	uint32_t vcpu;
	uint32_t block_first;
	uint32_t block_end;
	int system; /* /dev/kvm, or -1 */
	int vm; /* or -1 */
	uint32_t vm_is_callers;
	uint32_t mappings_used;
	size_t run_size; /* of struct kvm_run as mapped by kvmload, in bytes */
	const void *payload; /* of the last call: after a get, what it read */
	uint32_t payload_size; /* bytes */
	uint32_t number; /* what the last call answered, if it was an attribute call and succeeded; else 0 */
};

/* Begins a run of a checked plan: empties every slot, and sets each file to -1 and each parameter to its default. Makes
 * no call. Returns 0, KVMLOAD_OTHER_ARCHITECTURE or KVMLOAD_NO_ROOM. */
int kvmload_begin(struct kvmload_session *session, const struct kvmload_plan *plan);

/* Opens /dev/kvm, or the file at `path` if that is not NULL. This is not needed if the caller makes KVM_CREATE_VM
 * itself and the plan has neither a call on the system nor a run.
 *
 * Returns 0; the errno of open(); the errno of KVM_GET_API_VERSION (ENOTTY if the file is not KVM's device); or EPROTO
 * if the API does not have version 12. */
int kvmload_open(struct kvmload_session *session, const char *path);

/* Opens a file of the plan at its path for reading and writing, or for reading only if that is refused; makes an
 * eventfd, which is not blocking, if the path is KVMLOAD_EVENTFD. Alternatively
 * the caller stores a descriptor in session->files[index]. Either way, kvmload_close() closes it. Returns 0 or the
 * errno of open(). */
int kvmload_open_file(struct kvmload_session *session, uint32_t index);

/* Calls KVM_CHECK_EXTENSION for capability `number`, on the VM if the session has one, else on /dev/kvm. Stores the
 * kernel's answer in *value: 0 if it lacks the capability, else 1 or a limit. Returns 0, the errno of the call, or
 * KVMLOAD_NO_ANSWER if the session has neither descriptor. This is not a step of a plan, and changes nothing. */
int kvmload_check_extension(const struct kvmload_session *session, uint32_t number, uint32_t *value);

/* Why kvmload_run() returned. */
enum kvmload_state {
	/* All steps are done. */
	KVMLOAD_FINISHED = 0,
	/* Step session->last failed. Call kvmload_run() again to continue after it, with the VM as it is. */
	KVMLOAD_FAILED = 1,
	/* Step session->next is a call that the caller makes. It reports the answer with kvmload_answer(), or passes
	 * over the step with kvmload_skip(). */
	KVMLOAD_CALLER = 2,
	/* The callback stopped the run before step session->next. */
	KVMLOAD_STOPPED = 3,
	/* A negative state is one of enum kvmload_fault, and no call was made: KVMLOAD_NO_VALUE if a file has no
	 * descriptor or a parameter no value, KVMLOAD_BAD_VALUE if a value does not fit. */
};

/* Makes the calls of the plan in order, until one fails, one is the caller's, or all are made. Skips a step whose
 * guards do not hold, and one whose VM, vCPU or device was not created. A step that uses a value which an earlier one
 * has read, and which does not fit, fails without a call. All files and parameters must be set before the
 * first call. Returns one of enum kvmload_state or enum kvmload_fault. */
int kvmload_run(struct kvmload_session *session);

/* Reports the answer to the call of step session->next that the caller made: 0 or an errno, and the descriptor of a VM
 * or vCPU that was created, which remains the caller's. `run` is the mapped struct kvm_run of such a vCPU; if it is
 * NULL and the plan runs the vCPU, kvmload maps it. Returns the step's enum kvmload_verdict. */
int kvmload_answer(struct kvmload_session *session, int answer, int fd, void *run);

/* Passes over step session->next without a call. */
void kvmload_skip(struct kvmload_session *session);

/* Makes the call of one step, regardless of order, guards and expected answers: for callers with their own loop, who
 * have called kvmload_ready(). Returns 0, the errno of the call, KVMLOAD_NO_ANSWER if the descriptor for the call or a
 * value that it uses is missing, or the slot to fill is not free, or KVMLOAD_UNFIT. */
int kvmload_perform(struct kvmload_session *session, uint32_t index);

/* Checks that all files and parameters that steps use have descriptors and fitting values. Returns 0, KVMLOAD_NO_VALUE
 * or KVMLOAD_BAD_VALUE. */
int kvmload_ready(const struct kvmload_session *session);

/* Closes the devices, the vCPUs, the VM, the files and /dev/kvm, then unmaps guest memory and each struct kvm_run,
 * except what belongs to the caller. Closing a session twice is harmless. Preserves errno. */
void kvmload_close(struct kvmload_session *session);

/* ---- The file of a plan ----
 *
 * The numbers of docs/plan-format.md: shared by kvmload.c, which reads plans, and by the compiler, which writes them. A
 * program that embeds kvmload does not need them.
 *
 * KVMLOAD_STEP_SLOT is the offset of the field *slot* in the record of a step, in bytes; the comment after it is the
 * field's type. KVMLOAD_SIZEOF_STEP is the size of the record. All integers are little-endian, and may be unaligned. */

#define KVMLOAD_MAGIC "KVMPLAN\n"

/* The checksum's initial value, factor, and rotation to the left in bits. */
#define KVMLOAD_CHECKSUM_SEED 0xcbf29ce484222325ULL
#define KVMLOAD_CHECKSUM_FACTOR 0x9e3779b97f4a7c15ULL
#define KVMLOAD_CHECKSUM_ROTATION 29

enum {
	KVMLOAD_HEADER_MAGIC = 0, /* 8 bytes */
	KVMLOAD_HEADER_VERSION = 8, /* u32 */
	KVMLOAD_HEADER_SIZE = 12, /* u32 */
	KVMLOAD_HEADER_CHECKSUM = 16, /* u64 */
	KVMLOAD_HEADER_FILE_SIZE = 24, /* u32 */
	KVMLOAD_HEADER_ARCHITECTURE = 28, /* u8 */
	KVMLOAD_HEADER_BIG_ENDIAN = 29, /* u8 */
	KVMLOAD_HEADER_ZERO = 30, /* 2 bytes */
	KVMLOAD_HEADER_VCPU_SLOTS = 32, /* u32 */
	KVMLOAD_HEADER_DEVICE_SLOTS = 36, /* u32 */
	KVMLOAD_HEADER_MAPPING_SLOTS = 40, /* u32 */
	KVMLOAD_HEADER_SCRATCH_SIZE = 44, /* u32 */
	KVMLOAD_HEADER_NAME = 48, /* string */
	KVMLOAD_HEADER_MANIFEST = 52, /* string */
	KVMLOAD_HEADER_VCPU_COUNT = 56, /* u32 */
	KVMLOAD_HEADER_ZERO_2 = 60, /* u32 */
	KVMLOAD_HEADER_SECTIONS = 64, /* 11 entries */
	KVMLOAD_SIZEOF_HEADER = 152,
};

/* The sections, in the order of the header's entries and of the file. */
enum kvmload_section {
	KVMLOAD_SECTION_STEPS = 0,
	KVMLOAD_SECTION_LABELS = 1,
	KVMLOAD_SECTION_FILES = 2,
	KVMLOAD_SECTION_PARAMETERS = 3,
	KVMLOAD_SECTION_PATCHES = 4,
	KVMLOAD_SECTION_GUARDS = 5,
	KVMLOAD_SECTION_ANSWERS = 6,
	KVMLOAD_SECTION_NOTES = 7,
	KVMLOAD_SECTION_REASONS = 8,
	KVMLOAD_SECTION_DATA = 9,
	KVMLOAD_SECTION_STRINGS = 10,
};

/* The header's entry for a section. */
enum {
	KVMLOAD_ENTRY_OFFSET = 0, /* u32 */
	KVMLOAD_ENTRY_COUNT = 4, /* u32 */
	KVMLOAD_SIZEOF_ENTRY = 8,
};

/* A run of records of one section. */
enum {
	KVMLOAD_RANGE_FIRST = 0, /* u32 */
	KVMLOAD_RANGE_COUNT = 4, /* u32 */
	KVMLOAD_SIZEOF_RANGE = 8,
};

/* A place in a manifest. */
enum {
	KVMLOAD_PLACE_FILE = 0, /* string */
	KVMLOAD_PLACE_LINE = 4, /* u32 */
	KVMLOAD_PLACE_COLUMN = 8, /* u32 */
	KVMLOAD_SIZEOF_PLACE = 12,
};

/* A string in its section; a NUL follows the text. */
enum {
	KVMLOAD_STRING_LENGTH = 0, /* u32 */
	KVMLOAD_STRING_TEXT = 4, /* bytes */
};

enum {
	KVMLOAD_STEP_OPERATION = 0, /* u8 */
	KVMLOAD_STEP_TARGET = 1, /* u8 */
	KVMLOAD_STEP_DATA = 2, /* u8 */
	KVMLOAD_STEP_ARGUMENT_DEVICES = 3, /* u8 */
	KVMLOAD_STEP_SLOT = 4, /* u32 */
	KVMLOAD_STEP_FLAGS = 8, /* u32 */
	KVMLOAD_STEP_NUMBER = 12, /* u32 */
	KVMLOAD_STEP_VALUE = 16, /* u64 */
	KVMLOAD_STEP_SIZE = 24, /* u64 */
	KVMLOAD_STEP_PAYLOAD = 32, /* range */
	KVMLOAD_STEP_COMPARISON = 40, /* range */
	KVMLOAD_STEP_ANSWERS = 48, /* range */
	KVMLOAD_STEP_GUARDS = 56, /* range */
	KVMLOAD_STEP_PATCHES = 64, /* range */
	KVMLOAD_STEP_BLOCK = 72, /* u32 */
	KVMLOAD_STEP_RESULT = 76, /* u32 */
	KVMLOAD_SIZEOF_STEP = 80,
};

enum {
	KVMLOAD_GUARD_STEP = 0, /* u32 */
	KVMLOAD_GUARD_SUCCEEDED = 4, /* u32 */
	KVMLOAD_SIZEOF_GUARD = 8,
};

enum {
	KVMLOAD_ANSWER_ERRNO = 0, /* u32 */
	KVMLOAD_SIZEOF_ANSWER = 4,
};

enum {
	KVMLOAD_PATCH_OFFSET = 0, /* u32 */
	KVMLOAD_PATCH_SOURCE = 4, /* u8 */
	KVMLOAD_PATCH_WIDTH = 5, /* u8 */
	KVMLOAD_PATCH_SHIFT = 6, /* u8 */
	KVMLOAD_PATCH_BITS = 7, /* u8 */
	KVMLOAD_PATCH_INDEX = 8, /* u32 */
	KVMLOAD_PATCH_DROPPED = 12, /* u32 */
	KVMLOAD_SIZEOF_PATCH = 16,
};

/* Where the value of a patch comes from. */
enum kvmload_source {
	KVMLOAD_FROM_FILE = 1,
	KVMLOAD_FROM_PARAMETER = 2,
	KVMLOAD_FROM_VCPU_INDEX = 3,
	KVMLOAD_FROM_PAYLOAD = 4,
	KVMLOAD_FROM_DEVICE = 5,
};

enum {
	KVMLOAD_FILE_NAME = 0, /* string */
	KVMLOAD_FILE_PATH = 4, /* string */
	KVMLOAD_FILE_PLACE = 8, /* place */
	KVMLOAD_FILE_ZERO = 20, /* u32 */
	KVMLOAD_SIZEOF_FILE = 24,
};

enum {
	KVMLOAD_PARAMETER_NAME = 0, /* string */
	KVMLOAD_PARAMETER_SIZE = 4, /* u8 */
	KVMLOAD_PARAMETER_SIGNED = 5, /* u8 */
	KVMLOAD_PARAMETER_HAS_DEFAULT = 6, /* u8 */
	KVMLOAD_PARAMETER_READ = 7, /* u8 */
	KVMLOAD_PARAMETER_DEFAULT = 8, /* u64 */
	KVMLOAD_PARAMETER_PLACE = 16, /* place */
	KVMLOAD_PARAMETER_ZERO_2 = 28, /* u32 */
	KVMLOAD_SIZEOF_PARAMETER = 32,
};

enum {
	KVMLOAD_LABEL_TARGET = 0, /* string */
	KVMLOAD_LABEL_ATTRIBUTE = 4, /* string or none */
	KVMLOAD_LABEL_VALUE = 8, /* string or none */
	KVMLOAD_LABEL_MOVED = 12, /* string or none */
	KVMLOAD_LABEL_PLACE = 16, /* place */
	KVMLOAD_LABEL_NOTES = 28, /* range */
	KVMLOAD_LABEL_REASONS = 36, /* range */
	KVMLOAD_LABEL_KEY = 44, /* string or none */
	KVMLOAD_SIZEOF_LABEL = 48,
};

enum {
	KVMLOAD_NOTE_TEXT = 0, /* string */
	KVMLOAD_SIZEOF_NOTE = 4,
};

enum {
	KVMLOAD_REASON_ERRNO = 0, /* u32 */
	KVMLOAD_REASON_TEXT = 4, /* string */
	KVMLOAD_SIZEOF_REASON = 8,
};

/* Limits. */
enum {
	KVMLOAD_ALIGNMENT = 8, /* of sections, and of the size of the file, in bytes */
	KVMLOAD_FIRST_STRING = 8, /* the strings before this offset are zeros: offset 0 means "none" */
	KVMLOAD_MAX_ARGUMENTS = 4, /* of KVM_ENABLE_CAP */
	KVMLOAD_MAX_DROPPED = 63, /* bits that a patch leaves out */
	KVMLOAD_MAX_REFERRED = 268435456, /* bytes that all ranges and strings refer to, each counted: 2^28 */
	KVMLOAD_MAX_VCPUS = 4096, /* more than any kernel has; a loader can reserve this many */
};

#ifdef __cplusplus
}
#endif

#endif
