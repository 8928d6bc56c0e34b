#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC, MAP_NORESERVE */
#endif

#include "kvmload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

/* What KVM_SET_USER_MEMORY_REGION wants userspace_addr aligned to, where that is more than a page. */
#ifdef __s390x__
#define MEMORY_ALIGNMENT ((size_t)1 << 20)
#else
#define MEMORY_ALIGNMENT ((size_t)1)
#endif

/* The API's version has been this since Linux 2.6.22; Documentation/virt/kvm/api.rst, 4.1, says to refuse any other. */
#define API_VERSION 12

#if defined(__aarch64__)
#define OWN_ARCHITECTURE KVMLOAD_ARM64
#elif defined(__x86_64__)
#define OWN_ARCHITECTURE KVMLOAD_X86_64
#elif defined(__riscv)
#define OWN_ARCHITECTURE KVMLOAD_RISCV64
#elif defined(__powerpc64__)
#define OWN_ARCHITECTURE KVMLOAD_PPC64
#elif defined(__s390x__)
#define OWN_ARCHITECTURE KVMLOAD_S390X
#elif defined(__loongarch__)
#define OWN_ARCHITECTURE KVMLOAD_LOONGARCH64
#else
#error "KVM's device control API exists on other architectures than this"
#endif

/* What ioctl() takes its request as: an int with musl, where constants with the highest bit set overflow it. */
#ifdef __GLIBC__
#define REQUEST(number) (number)
#else
#define REQUEST(number) ((int)(number))
#endif

#define IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* ---- The bytes of a plan, as docs/plan-format.md has them ---- */

enum section { STEPS, LABELS, FILES, PARAMETERS, PATCHES, GUARDS, ANSWERS, NOTES, REASONS, DATA, STRINGS, SECTIONS };

static const uint8_t record_size[SECTIONS] = {
	[STEPS] = 80, [LABELS] = 48, [FILES] = 24, [PARAMETERS] = 32, [PATCHES] = 16, [GUARDS] = 8,
	[ANSWERS] = 4, [NOTES] = 4, [REASONS] = 8, [DATA] = 1, [STRINGS] = 1,
};

static const unsigned char magic[8] = {'K', 'V', 'M', 'P', 'L', 'A', 'N', '\n'};

enum header {
	HEADER_VERSION = 8,
	HEADER_HEADER_SIZE = 12,
	HEADER_CHECKSUM = 16,
	HEADER_SIZE = 24,
	HEADER_ARCHITECTURE = 28,
	HEADER_BYTE_ORDER = 29,
	HEADER_RESERVED = 30,
	HEADER_VCPU_SLOTS = 32,
	HEADER_DEVICE_SLOTS = 36,
	HEADER_MAPPING_SLOTS = 40,
	HEADER_SCRATCH_SIZE = 44,
	HEADER_NAME = 48,
	HEADER_MANIFEST = 52,
	HEADER_VCPU_COUNT = 56, /* the parameter's index and 1, or 0 */
	HEADER_ZERO = 60,
	HEADER_SECTIONS = 64, /* for each: offset, count */
	HEADER_BYTES = HEADER_SECTIONS + SECTIONS * 8,
};

/* A patch: what is put into a payload before the call. */
enum patch { PATCH_FILE = 1, PATCH_PARAMETER = 2, PATCH_VCPU_INDEX = 3 };

static uint32_t le32(const unsigned char *p)
{
	uint32_t number;

	memcpy(&number, p, sizeof(number));
	return IS_BIG_ENDIAN ? __builtin_bswap32(number) : number;
}

static uint64_t le64(const unsigned char *p)
{
	uint64_t number;

	memcpy(&number, p, sizeof(number));
	return IS_BIG_ENDIAN ? __builtin_bswap64(number) : number;
}

static const unsigned char *record(const struct kvmload_plan *plan, enum section section, uint32_t index)
{
	return plan->bytes + plan->sections[section] + (size_t)index * record_size[section];
}

/* A string, or NULL: it stands behind its length, and offset 0 is none. */
static const char *string(const struct kvmload_plan *plan, uint32_t offset)
{
	return offset ? (const char *)plan->bytes + plan->sections[STRINGS] + offset + 4 : NULL;
}

/* Any change of one 64-bit word of the file changes it: each round is a bijection of the state, and of the word. */
static uint64_t checksum(const unsigned char *bytes, uint32_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint32_t i;

	for (i = 0; i < size; i += 8) {
		hash ^= i == HEADER_CHECKSUM ? 0 : le64(bytes + i);
		hash = (hash << 29 | hash >> 35) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return hash;
}

/* ---- The check ---- */

/* What is known of a plan while it is checked. */
struct check {
	const struct kvmload_plan *plan;
	uint32_t counts[SECTIONS];
	/* So many slots the steps so far have filled, and so long their longest payload is. */
	uint32_t vcpus, devices, mappings, scratch;
	/* So many guards and patches have been looked at. Steps may share them, and a hostile plan could let each of its
	 * steps have all of them. */
	uint64_t looked_at;
	/* The step behind the block that is made for each vCPU. */
	uint32_t block_end;
};

/* More than any plan has that was compiled from a manifest; looking at as many takes a fraction of a second. */
#define MOST_LOOKED_AT (UINT64_C(1) << 26)

static int has_range(uint32_t first, uint32_t count, uint32_t limit)
{
	return first <= limit && count <= limit - first;
}

static int has_records(const struct check *check, enum section section, const unsigned char *first_and_count)
{
	return has_range(le32(first_and_count), le32(first_and_count + 4), check->counts[section]);
}

static int has_string(const struct check *check, uint32_t offset, int is_optional)
{
	const unsigned char *strings = record(check->plan, STRINGS, 0);
	const uint32_t size = check->counts[STRINGS];
	uint32_t length;

	if (offset == 0)
		return is_optional;
	if (!has_range(offset, 5, size))
		return 0;
	length = le32(strings + offset);
	return has_range(offset + 4, length, size - 1) && strings[offset + 4 + length] == 0;
}

static int is_zero(const unsigned char *bytes, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < size; i++)
		if (bytes[i])
			return 0;
	return 1;
}

/* The sections stand behind each other, each at the next multiple of 8, with zeros between them. */
static int check_sections(struct check *check, struct kvmload_plan *plan)
{
	uint64_t end = HEADER_BYTES;
	int i;

	for (i = 0; i < SECTIONS; i++) {
		const unsigned char *entry = plan->bytes + HEADER_SECTIONS + i * 8;
		const uint64_t start = (end + 7) & ~UINT64_C(7);

		if (le32(entry) != start || start > plan->size || !is_zero(plan->bytes + end, (uint32_t)(start - end)))
			return KVMLOAD_BAD_LAYOUT;
		plan->sections[i] = (uint32_t)start;
		check->counts[i] = le32(entry + 4);
		end = start + (uint64_t)check->counts[i] * record_size[i];
		if (end > plan->size)
			return KVMLOAD_BAD_LAYOUT;
	}
	if (((end + 7) & ~UINT64_C(7)) != plan->size || !is_zero(plan->bytes + end, (uint32_t)(plan->size - end)))
		return KVMLOAD_BAD_LAYOUT;
	if (check->counts[LABELS] && check->counts[LABELS] != check->counts[STEPS])
		return KVMLOAD_BAD_LAYOUT;
	if (check->counts[STRINGS] < 8 || !is_zero(record(plan, STRINGS, 0), 8))
		return KVMLOAD_BAD_LAYOUT;
	return 0;
}

static int check_label(const struct check *check, uint32_t index)
{
	const unsigned char *p = record(check->plan, LABELS, index);

	return has_string(check, le32(p), 0) && has_string(check, le32(p + 4), 1) && has_string(check, le32(p + 8), 1) &&
	       has_string(check, le32(p + 12), 1) && has_string(check, le32(p + 16), 0) &&
	       has_records(check, NOTES, p + 28) && has_records(check, REASONS, p + 36) && le32(p + 44) == 0;
}

static int check_file(const struct check *check, uint32_t index)
{
	const unsigned char *p = record(check->plan, FILES, index);

	return has_string(check, le32(p), 0) && has_string(check, le32(p + 4), 0) && has_string(check, le32(p + 8), 0) &&
	       le32(p + 20) == 0;
}

static int is_width(uint32_t bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static int check_parameter(const struct check *check, uint32_t index)
{
	const unsigned char *p = record(check->plan, PARAMETERS, index);

	return has_string(check, le32(p), 0) && is_width(p[4]) && p[5] <= 1 && p[6] <= 1 && p[7] == 0 &&
	       has_string(check, le32(p + 16), 0) && le32(p + 28) == 0 && (p[6] || le64(p + 8) == 0);
}

/* A patch lies inside the payload, and its bits inside its integer. */
static int check_patch(const struct check *check, uint32_t index, uint32_t payload_size, uint32_t step)
{
	const unsigned char *p = record(check->plan, PATCHES, index);
	const uint32_t width = p[5], shift = p[6], bits = p[7];

	if (!is_width(width) || !has_range(le32(p), width, payload_size) || bits == 0 || shift + bits > width * 8 ||
	    le32(p + 12) > 63)
		return 0;
	switch (p[4]) {
	case PATCH_FILE:
		return le32(p + 8) < check->counts[FILES] && width == 4 && bits == 32 && le32(p + 12) == 0;
	case PATCH_PARAMETER:
		return le32(p + 8) < check->counts[PARAMETERS];
	case PATCH_VCPU_INDEX:
		return le32(p + 8) == 0 && step < check->block_end;
	default:
		return 0;
	}
}

static int check_guard(const struct check *check, uint32_t index, uint32_t step)
{
	const unsigned char *p = record(check->plan, GUARDS, index);

	return le32(p) < step && le32(p + 4) <= 1;
}

/* Whether the target exists in principle: its slot is filled by a step of the plan. */
static int check_target(const struct check *check, const struct kvmload_step *step)
{
	switch (step->target) {
	case KVMLOAD_SYSTEM:
	case KVMLOAD_VM:
		return step->slot == 0;
	case KVMLOAD_VCPU:
		return step->slot < check->plan->vcpu_slots;
	case KVMLOAD_DEVICE:
		return step->slot < check->plan->device_slots;
	default:
		return 0;
	}
}

static int check_arguments(const struct check *check, const struct kvmload_step *step)
{
	const uint32_t count = step->payload_size / 8;
	uint32_t i;

	if (step->payload_size % 8 != 0 || count > 4 || step->argument_devices >> count != 0)
		return 0;
	for (i = 0; i < count; i++)
		if (step->argument_devices & (UINT32_C(1) << i) &&
		    le64((const unsigned char *)step->payload + i * 8) >= check->plan->device_slots)
			return 0;
	return 1;
}

/* The fields that an operation does not have are 0, so that a later version can give them a meaning. */
static int check_operation(struct check *check, const struct kvmload_step *step, uint32_t index)
{
	const struct kvmload_plan *plan = check->plan;
	const int has_no_data = step->data == 0 && step->payload_size == 0;
	const int has_no_target = step->target == 0;
	const int is_plain = step->size == 0 && step->argument_devices == 0;
	const int has_no_number = step->number == 0 && step->flags == 0;

	switch (step->operation) {
	case KVMLOAD_CREATE_VM:
		return index == 0 && has_no_target && has_no_data && is_plain && has_no_number && step->slot == 0;
	case KVMLOAD_ADD_MEMORY:
		check->mappings++;
		return has_no_target && has_no_data && step->argument_devices == 0 && step->flags == 0 && step->slot == 0;
	case KVMLOAD_ENABLE_CAPABILITY:
		return (step->target == KVMLOAD_VM || step->target == KVMLOAD_VCPU) && check_target(check, step) &&
		       check_arguments(check, step) && step->data == 0 && step->size == 0 && step->value == 0;
	case KVMLOAD_CREATE_IRQCHIP:
		return has_no_target && has_no_data && is_plain && has_no_number && step->slot == 0 && step->value == 0;
	case KVMLOAD_CREATE_VCPU:
		return has_no_target && has_no_data && is_plain && has_no_number && step->slot == check->vcpus++;
	case KVMLOAD_INIT_VCPU:
		return has_no_target && step->data == 0 && step->payload_size % 4 == 0 && is_plain && has_no_number &&
		       step->slot < plan->vcpu_slots;
	case KVMLOAD_CREATE_DEVICE:
		return has_no_target && has_no_data && is_plain && step->value == 0 && step->slot == check->devices++;
	case KVMLOAD_TEST_DEVICE:
		return has_no_target && has_no_data && is_plain && step->value == 0 && step->slot == 0;
	case KVMLOAD_CLOSE_DEVICE:
		return has_no_target && has_no_data && is_plain && has_no_number && step->value == 0 &&
		       step->slot < plan->device_slots;
	case KVMLOAD_SET_ATTRIBUTE:
	case KVMLOAD_GET_ATTRIBUTE:
	case KVMLOAD_HAS_ATTRIBUTE:
		return check_target(check, step) && step->data <= KVMLOAD_INVALID_POINTER && is_plain &&
		       (step->data == KVMLOAD_BYTES || step->payload_size == 0);
	case KVMLOAD_RUN_VCPU:
		return has_no_target && has_no_data && is_plain && has_no_number && step->value == 0 &&
		       step->slot < plan->vcpu_slots;
	default:
		return 0;
	}
}

/* Whether a step concerns a vCPU. */
static int is_vcpus(const struct kvmload_step *step)
{
	return step->operation == KVMLOAD_CREATE_VCPU || step->operation == KVMLOAD_INIT_VCPU ||
	       step->operation == KVMLOAD_RUN_VCPU || step->target == KVMLOAD_VCPU;
}

/* A block is made once for each vCPU. Where the number of vCPUs is known only when the plan is loaded, all that concerns
 * them stands in blocks, where slot 0 stands for each; elsewhere there are no blocks. */
static int check_block(struct check *check, const unsigned char *p, const struct kvmload_step *step, uint32_t index)
{
	const uint32_t length = le32(p + 72);

	if (length) {
		if (!check->plan->vcpu_count || index < check->block_end ||
		    !has_range(index, length, check->counts[STEPS]))
			return 0;
		check->block_end = index + length;
	}
	if (check->plan->vcpu_count && is_vcpus(step) && (index >= check->block_end || step->slot != 0))
		return 0;
	return le32(p + 76) == 0;
}

static int check_step(struct check *check, uint32_t index)
{
	const unsigned char *p = record(check->plan, STEPS, index);
	const uint32_t compared = le32(p + 44);
	struct kvmload_step step;
	uint32_t i;

	if (!has_range(le32(p + 32), le32(p + 36), check->counts[DATA]) ||
	    !has_range(le32(p + 40), compared, check->counts[DATA]) ||
	    !has_range(le32(p + 40) + compared, compared, check->counts[DATA]) ||
	    !has_records(check, ANSWERS, p + 48) || !has_records(check, GUARDS, p + 56) ||
	    !has_records(check, PATCHES, p + 64))
		return 0;
	kvmload_get_step(check->plan, index, &step);
	if (!check_block(check, p, &step, index) || !check_operation(check, &step, index))
		return 0;
	if (compared && step.operation != KVMLOAD_GET_ATTRIBUTE)
		return 0;
	if (step.payload_size > check->scratch)
		check->scratch = step.payload_size;
	check->looked_at += (uint64_t)le32(p + 60) + le32(p + 68);
	if (check->looked_at > MOST_LOOKED_AT)
		return 0;
	for (i = 0; i < le32(p + 60); i++)
		if (!check_guard(check, le32(p + 56) + i, index))
			return 0;
	for (i = 0; i < le32(p + 68); i++)
		if (step.data != KVMLOAD_BYTES || !check_patch(check, le32(p + 64) + i, step.payload_size, index))
			return 0;
	return 1;
}

static int check_records(struct check *check)
{
	const struct kvmload_plan *plan = check->plan;
	uint32_t i;

	if (!has_string(check, le32(plan->bytes + HEADER_NAME), 0) ||
	    !has_string(check, le32(plan->bytes + HEADER_MANIFEST), 0))
		return 0;
	if (plan->vcpu_count > check->counts[PARAMETERS] || le32(plan->bytes + HEADER_ZERO) != 0)
		return 0;
	for (i = 0; i < check->counts[NOTES]; i++)
		if (!has_string(check, le32(record(plan, NOTES, i)), 0))
			return 0;
	for (i = 0; i < check->counts[REASONS]; i++)
		if (!has_string(check, le32(record(plan, REASONS, i) + 4), 0))
			return 0;
	for (i = 0; i < check->counts[FILES]; i++)
		if (!check_file(check, i))
			return 0;
	for (i = 0; i < check->counts[PARAMETERS]; i++)
		if (!check_parameter(check, i))
			return 0;
	for (i = 0; i < check->counts[LABELS]; i++)
		if (!check_label(check, i))
			return 0;
	for (i = 0; i < check->counts[STEPS]; i++)
		if (!check_step(check, i))
			return 0;
	return check->vcpus == plan->vcpu_slots && check->devices == plan->device_slots &&
	       check->mappings == plan->mapping_slots && check->scratch == plan->scratch_size;
}

int kvmload_check(struct kvmload_plan *plan, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;
	struct check check = {.plan = plan};
	int fault;

	memset(plan, 0, sizeof(*plan));
	if (size < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0)
		return KVMLOAD_NOT_A_PLAN;
	if (size < HEADER_BYTES)
		return KVMLOAD_TRUNCATED;
	if (le32(p + HEADER_VERSION) != KVMLOAD_VERSION)
		return KVMLOAD_OTHER_VERSION;
	if (le32(p + HEADER_SIZE) != size || size % 8 != 0)
		return KVMLOAD_TRUNCATED;
	if (le64(p + HEADER_CHECKSUM) != checksum(p, (uint32_t)size))
		return KVMLOAD_BAD_CHECKSUM;
	if (le32(p + HEADER_HEADER_SIZE) != HEADER_BYTES || p[HEADER_BYTE_ORDER] > 1 || !is_zero(p + HEADER_RESERVED, 2) ||
	    p[HEADER_ARCHITECTURE] < KVMLOAD_ARM64 || p[HEADER_ARCHITECTURE] > KVMLOAD_LOONGARCH64)
		return KVMLOAD_BAD_LAYOUT;

	plan->bytes = p;
	plan->size = (uint32_t)size;
	fault = check_sections(&check, plan);
	if (!fault) {
		plan->architecture = p[HEADER_ARCHITECTURE];
		plan->big_endian = p[HEADER_BYTE_ORDER];
		plan->steps = check.counts[STEPS];
		plan->labels = check.counts[LABELS];
		plan->files = check.counts[FILES];
		plan->parameters = check.counts[PARAMETERS];
		plan->vcpu_count = le32(p + HEADER_VCPU_COUNT);
		plan->vcpu_slots = le32(p + HEADER_VCPU_SLOTS);
		plan->device_slots = le32(p + HEADER_DEVICE_SLOTS);
		plan->mapping_slots = le32(p + HEADER_MAPPING_SLOTS);
		plan->scratch_size = le32(p + HEADER_SCRATCH_SIZE);
		fault = check_records(&check) ? 0 : KVMLOAD_BAD_RECORD;
	}
	if (fault) {
		memset(plan, 0, sizeof(*plan));
		return fault;
	}
	plan->name = string(plan, le32(p + HEADER_NAME));
	plan->manifest = string(plan, le32(p + HEADER_MANIFEST));
	return 0;
}

const char *kvmload_fault_text(int fault)
{
	switch (fault) {
	case 0:
		return "no fault";
	case KVMLOAD_NOT_A_PLAN:
		return "it is no compiled plan";
	case KVMLOAD_OTHER_VERSION:
		return "the plan's format is of another version; compile it again";
	case KVMLOAD_TRUNCATED:
		return "the plan is not complete, or something follows it";
	case KVMLOAD_BAD_CHECKSUM:
		return "the plan has changed since it was compiled: its checksum is wrong";
	case KVMLOAD_BAD_LAYOUT:
		return "the plan's sections are not where they belong";
	case KVMLOAD_BAD_RECORD:
		return "a record of the plan has a value that it cannot have";
	case KVMLOAD_OTHER_ARCHITECTURE:
		return "the plan is for another architecture than this machine's";
	case KVMLOAD_NO_ROOM:
		return "the session has less room than the plan needs";
	case KVMLOAD_NO_VALUE:
		return "a parameter has no value, or a file is not open";
	case KVMLOAD_BAD_VALUE:
		return "a parameter's value does not fit where it belongs";
	default:
		return "an unknown fault";
	}
}

/* ---- Reading a checked plan ---- */

void kvmload_get_step(const struct kvmload_plan *plan, uint32_t index, struct kvmload_step *step)
{
	const unsigned char *p = record(plan, STEPS, index);

	step->operation = p[0];
	step->target = p[1];
	step->data = p[2];
	step->argument_devices = p[3];
	step->slot = le32(p + 4);
	step->flags = le32(p + 8);
	step->number = le32(p + 12);
	step->value = le64(p + 16);
	step->size = le64(p + 24);
	step->payload = record(plan, DATA, le32(p + 32));
	step->payload_size = le32(p + 36);
}

void kvmload_get_label(const struct kvmload_plan *plan, uint32_t index, struct kvmload_label *label)
{
	const unsigned char *p;

	memset(label, 0, sizeof(*label));
	if (!plan->labels)
		return;
	p = record(plan, LABELS, index);
	label->target = string(plan, le32(p));
	label->attribute = string(plan, le32(p + 4));
	label->value = string(plan, le32(p + 8));
	label->file = string(plan, le32(p + 16));
	label->line = le32(p + 20);
	label->column = le32(p + 24);
}

const char *kvmload_operation_name(uint32_t operation)
{
	switch (operation) {
	case KVMLOAD_CREATE_VM:
		return "create-vm";
	case KVMLOAD_ADD_MEMORY:
		return "add-memory";
	case KVMLOAD_ENABLE_CAPABILITY:
		return "enable-capability";
	case KVMLOAD_CREATE_IRQCHIP:
		return "create-irqchip";
	case KVMLOAD_CREATE_VCPU:
		return "create-vcpu";
	case KVMLOAD_INIT_VCPU:
		return "init-vcpu";
	case KVMLOAD_CREATE_DEVICE:
		return "create-device";
	case KVMLOAD_TEST_DEVICE:
		return "test-device";
	case KVMLOAD_CLOSE_DEVICE:
		return "close-device";
	case KVMLOAD_SET_ATTRIBUTE:
		return "set-attribute";
	case KVMLOAD_GET_ATTRIBUTE:
		return "get-attribute";
	case KVMLOAD_HAS_ATTRIBUTE:
		return "has-attribute";
	case KVMLOAD_RUN_VCPU:
		return "run-vcpu";
	default:
		return NULL;
	}
}

const char *kvmload_reason(const struct kvmload_plan *plan, uint32_t index, int error)
{
	const unsigned char *label;
	uint32_t i;

	if (!plan->labels || error <= 0)
		return NULL;
	label = record(plan, LABELS, index);
	for (i = 0; i < le32(label + 40); i++) {
		const unsigned char *reason = record(plan, REASONS, le32(label + 36) + i);

		if (le32(reason) == (uint32_t)error)
			return string(plan, le32(reason + 4));
	}
	return NULL;
}

static int expects(const struct kvmload_plan *plan, const unsigned char *step, int answer)
{
	const unsigned char *expected = record(plan, ANSWERS, le32(step + 48));
	uint32_t i;

	for (i = 0; i < le32(step + 52); i++)
		if (le32(expected + i * 4) == (uint32_t)answer)
			return 1;
	return 0;
}

int kvmload_expects(const struct kvmload_plan *plan, uint32_t index, int answer)
{
	return expects(plan, record(plan, STEPS, index), answer);
}

void kvmload_get_file(const struct kvmload_plan *plan, uint32_t index, struct kvmload_file *file)
{
	const unsigned char *p = record(plan, FILES, index);

	file->name = string(plan, le32(p));
	file->path = string(plan, le32(p + 4));
}

void kvmload_get_parameter(const struct kvmload_plan *plan, uint32_t index, struct kvmload_parameter *parameter)
{
	const unsigned char *p = record(plan, PARAMETERS, index);

	parameter->name = string(plan, le32(p));
	parameter->size = p[4];
	parameter->is_signed = p[5];
	parameter->has_value = p[6];
	parameter->value = le64(p + 8);
}

/* ---- A session ---- */

/* 0, or the errno of a call that returned `result`. */
static int answer(int result)
{
	return result < 0 ? errno : 0;
}

static void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int kvmload_begin(struct kvmload_session *session, const struct kvmload_plan *plan)
{
	uint32_t i;

	if (plan->architecture != OWN_ARCHITECTURE || plan->big_endian != IS_BIG_ENDIAN)
		return KVMLOAD_OTHER_ARCHITECTURE;
	if (session->vcpu_slots < plan->vcpu_slots || session->device_slots < plan->device_slots ||
	    session->mapping_slots < plan->mapping_slots || session->file_slots < plan->files ||
	    session->parameter_slots < plan->parameters || session->outcome_slots < plan->steps ||
	    session->scratch_size < plan->scratch_size)
		return KVMLOAD_NO_ROOM;

	for (i = 0; i < session->vcpu_slots; i++)
		session->vcpus[i] = (struct kvmload_vcpu){.fd = -1};
	for (i = 0; i < session->device_slots; i++)
		session->devices[i].fd = -1;
	for (i = 0; i < session->file_slots; i++)
		session->files[i] = -1;
	for (i = 0; i < session->outcome_slots; i++)
		session->outcomes[i] = (struct kvmload_outcome){.answer = KVMLOAD_NO_ANSWER};
	for (i = 0; i < plan->parameters; i++) {
		struct kvmload_parameter parameter;

		kvmload_get_parameter(plan, i, &parameter);
		session->parameters[i].value = parameter.value;
		session->parameters[i].is_set = parameter.has_value;
	}
	session->own = 0;
	session->before = NULL;
	session->after = NULL;
	session->context = NULL;
	session->plan = plan;
	session->next = 0;
	session->last = 0;
	session->vcpu = 0;
	session->block_first = 0;
	session->block_end = 0;
	session->system = -1;
	session->vm = -1;
	session->vm_is_callers = 0;
	session->mappings_used = 0;
	session->run_size = 0;
	session->payload = NULL;
	session->payload_size = 0;
	return 0;
}

int kvmload_open(struct kvmload_session *session, const char *path)
{
	int version, error;

	if (session->system >= 0)
		return 0;
	session->system = open(path ? path : "/dev/kvm", O_RDWR | O_CLOEXEC);
	if (session->system < 0)
		return errno;
	version = ioctl(session->system, KVM_GET_API_VERSION, 0);
	error = version < 0 ? errno : version != API_VERSION ? EPROTO : 0;
	if (error)
		close_descriptor(&session->system);
	return error;
}

int kvmload_check_extension(const struct kvmload_session *session, uint32_t number, uint32_t *value)
{
	const int fd = session->vm >= 0 ? session->vm : session->system;
	int answer;

	if (fd < 0)
		return KVMLOAD_NO_ANSWER;
	answer = ioctl(fd, KVM_CHECK_EXTENSION, (unsigned long)number);
	if (answer < 0)
		return errno;
	*value = (uint32_t)answer;
	return 0;
}

int kvmload_open_file(struct kvmload_session *session, uint32_t index)
{
	struct kvmload_file file;
	int fd;

	kvmload_get_file(session->plan, index, &file);
	fd = open(file.path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS || errno == EISDIR || errno == ETXTBSY))
		fd = open(file.path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno;
	close_descriptor(&session->files[index]);
	session->files[index] = fd;
	return 0;
}

void kvmload_close(struct kvmload_session *session)
{
	const int saved = errno;
	uint32_t i;

	for (i = 0; i < session->device_slots; i++)
		close_descriptor(&session->devices[i].fd);
	for (i = 0; i < session->vcpu_slots; i++) {
		struct kvmload_vcpu *vcpu = &session->vcpus[i];

		if (vcpu->run && !(vcpu->is_callers & 2))
			munmap(vcpu->run, session->run_size);
		vcpu->run = NULL;
		if (!(vcpu->is_callers & 1))
			close_descriptor(&vcpu->fd);
		vcpu->fd = -1;
	}
	if (!session->vm_is_callers)
		close_descriptor(&session->vm);
	session->vm = -1;
	for (i = 0; i < session->file_slots; i++)
		close_descriptor(&session->files[i]);
	close_descriptor(&session->system);

	for (i = 0; i < session->mappings_used; i++)
		munmap(session->mappings[i].start, session->mappings[i].size);
	session->mappings_used = 0;
	errno = saved;
}

/* ---- The calls ---- */

/* The descriptor of a target, or -1. */
static int descriptor(const struct kvmload_session *session, uint32_t target, uint32_t slot)
{
	switch (target) {
	case KVMLOAD_SYSTEM:
		return session->system;
	case KVMLOAD_VM:
		return session->vm;
	case KVMLOAD_VCPU:
		return session->vcpus[slot + session->vcpu].fd;
	default:
		return session->devices[slot].fd;
	}
}

static int create_vm(struct kvmload_session *session, const struct kvmload_step *step)
{
	if (session->system < 0 || session->vm >= 0)
		return KVMLOAD_NO_ANSWER;
	/* KVM registers with the memory management of the process, and gives up where a signal is pending. */
	do
		session->vm = ioctl(session->system, KVM_CREATE_VM, (unsigned long)step->value);
	while (session->vm < 0 && errno == EINTR);
	return answer(session->vm);
}

/* Maps `size` bytes, and more where they need an alignment. Returns 0 or the errno of mmap(). */
static int map_memory(struct kvmload_mapping *mapping, uint64_t size)
{
	if (size > SIZE_MAX - MEMORY_ALIGNMENT)
		return ENOMEM;
	mapping->size = (size_t)size + MEMORY_ALIGNMENT - 1;
	mapping->start = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return mapping->start == MAP_FAILED ? errno : 0;
}

static int add_memory(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_userspace_memory_region region = {
		.slot = step->number,
		.guest_phys_addr = step->value,
		.memory_size = step->size,
	};
	struct kvmload_mapping *mapping;
	int error;

	if (session->vm < 0)
		return KVMLOAD_NO_ANSWER;
	if (step->size == 0)
		return answer(ioctl(session->vm, KVM_SET_USER_MEMORY_REGION, &region));
	if (session->mappings_used >= session->mapping_slots)
		return KVMLOAD_NO_ANSWER;

	mapping = &session->mappings[session->mappings_used];
	error = map_memory(mapping, step->size);
	if (error)
		return error;
	region.userspace_addr = ((uintptr_t)mapping->start + MEMORY_ALIGNMENT - 1) & ~(MEMORY_ALIGNMENT - 1);
	error = answer(ioctl(session->vm, KVM_SET_USER_MEMORY_REGION, &region));
	if (error)
		munmap(mapping->start, mapping->size);
	else
		session->mappings_used++;
	return error;
}

static int enable_capability(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_enable_cap capability = {.cap = step->number, .flags = step->flags};
	const int fd = descriptor(session, step->target, step->slot);
	uint32_t i;

	if (fd < 0)
		return KVMLOAD_NO_ANSWER;
	for (i = 0; i < step->payload_size / 8; i++) {
		const uint64_t argument = le64((const unsigned char *)step->payload + i * 8);
		int device;

		if (!(step->argument_devices & (UINT32_C(1) << i))) {
			capability.args[i] = argument;
			continue;
		}
		device = session->devices[argument].fd;
		if (device < 0)
			return KVMLOAD_NO_ANSWER;
		capability.args[i] = (unsigned int)device;
	}
	return answer(ioctl(fd, KVM_ENABLE_CAP, &capability));
}

static int create_irqchip(struct kvmload_session *session)
{
	if (session->vm < 0)
		return KVMLOAD_NO_ANSWER;
	return answer(ioctl(session->vm, KVM_CREATE_IRQCHIP, 0));
}

static int create_vcpu(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvmload_vcpu *vcpu = &session->vcpus[step->slot + session->vcpu];

	if (session->vm < 0 || vcpu->fd >= 0)
		return KVMLOAD_NO_ANSWER;
	vcpu->fd = ioctl(session->vm, KVM_CREATE_VCPU, (unsigned long)(step->value + session->vcpu));
	return answer(vcpu->fd);
}

#ifdef __aarch64__
static int init_vcpu(struct kvmload_session *session, const struct kvmload_step *step)
{
	const int fd = descriptor(session, KVMLOAD_VCPU, step->slot);
	struct kvm_vcpu_init init;
	uint32_t i;
	int error;

	if (fd < 0 || session->vm < 0)
		return KVMLOAD_NO_ANSWER;
	memset(&init, 0, sizeof(init));
	error = answer(ioctl(session->vm, REQUEST(KVM_ARM_PREFERRED_TARGET), &init));
	if (error)
		return error;
	memset(init.features, 0, sizeof(init.features));
	init.features[0] = (uint32_t)step->value;
	init.features[1] = (uint32_t)(step->value >> 32);
	error = answer(ioctl(fd, KVM_ARM_VCPU_INIT, &init));
	for (i = 0; !error && i < step->payload_size; i += 4) {
		int feature = (int)le32((const unsigned char *)step->payload + i);

		error = answer(ioctl(fd, KVM_ARM_VCPU_FINALIZE, &feature));
	}
	return error;
}
#else
static int init_vcpu(struct kvmload_session *session, const struct kvmload_step *step)
{
	return descriptor(session, KVMLOAD_VCPU, step->slot) < 0 ? KVMLOAD_NO_ANSWER : 0;
}
#endif

static int create_device(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_create_device create = {.type = step->number, .fd = (uint32_t)-1, .flags = step->flags};
	struct kvmload_device *device = &session->devices[step->slot];
	int error;

	if (session->vm < 0 || device->fd >= 0)
		return KVMLOAD_NO_ANSWER;
	error = answer(ioctl(session->vm, REQUEST(KVM_CREATE_DEVICE), &create));
	/* A test makes nothing, whatever stands in fd. */
	if (!error && !(create.flags & KVM_CREATE_DEVICE_TEST))
		device->fd = (int)create.fd;
	return error;
}

static int test_device(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_create_device create = {
		.type = step->number,
		.fd = (uint32_t)-1,
		.flags = step->flags | KVM_CREATE_DEVICE_TEST,
	};

	if (session->vm < 0)
		return KVMLOAD_NO_ANSWER;
	return answer(ioctl(session->vm, REQUEST(KVM_CREATE_DEVICE), &create));
}

static int close_device(struct kvmload_session *session, const struct kvmload_step *step)
{
	const int fd = descriptor(session, KVMLOAD_DEVICE, step->slot);

	if (fd < 0)
		return KVMLOAD_NO_ANSWER;
	/* Linux closes the descriptor even where close() fails. */
	session->devices[step->slot].fd = -1;
	return answer(close(fd));
}

/* Whether a value without its low `dropped` bits, which are zero, fits a field of so many bits. */
static int fits(uint64_t value, uint32_t bits, uint32_t dropped, uint32_t is_signed)
{
	const uint64_t sign = is_signed && value >> 63 && dropped ? UINT64_MAX << (64 - dropped) : 0;

	if (value & ((UINT64_C(1) << dropped) - 1))
		return 0;
	value = value >> dropped | sign;
	if (bits >= 64)
		return 1;
	if (is_signed && value >> (bits - 1) == UINT64_MAX >> (bits - 1))
		return 1;
	return value >> bits == 0;
}

/* Puts the low `bits` bits of a value into an integer of `width` bytes, from bit `shift` up, in this machine's order. */
static void put(unsigned char *bytes, uint32_t width, uint32_t shift, uint32_t bits, uint64_t value)
{
	const uint64_t mask = (bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX) << shift;
	uint32_t i;

	for (i = 0; i < width; i++) {
		const uint32_t place = 8 * (IS_BIG_ENDIAN ? width - 1 - i : i);
		const unsigned char own = (unsigned char)(mask >> place);

		bytes[i] = (unsigned char)((bytes[i] & ~own) | ((value << shift >> place) & own));
	}
}

/* What a patch puts into its payload: a descriptor, or a parameter's value. */
static uint64_t patch_value(const struct kvmload_session *session, const unsigned char *patch)
{
	const uint32_t index = le32(patch + 8);

	switch (patch[4]) {
	case PATCH_FILE:
		return (uint32_t)session->files[index];
	case PATCH_PARAMETER:
		return session->parameters[index].value >> le32(patch + 12);
	default:
		return session->vcpu >> le32(patch + 12);
	}
}

/* The payload of a step, in the scratch memory, with all that is known only now. */
static unsigned char *prepare_payload(struct kvmload_session *session, const unsigned char *step)
{
	const uint32_t size = le32(step + 36);
	unsigned char *payload = session->scratch + session->scratch_size - size;
	uint32_t i;

	if (size)
		memcpy(payload, record(session->plan, DATA, le32(step + 32)), size);
	for (i = 0; i < le32(step + 68); i++) {
		const unsigned char *patch = record(session->plan, PATCHES, le32(step + 64) + i);

		put(payload + le32(patch), patch[5], patch[6], patch[7], patch_value(session, patch));
	}
	session->payload = payload;
	session->payload_size = size;
	return payload;
}

/* Plans consist of these calls in the main: the record is read without a detour. */
static int attribute(struct kvmload_session *session, const unsigned char *step, unsigned long request)
{
	struct kvm_device_attr attr = {.flags = le32(step + 8), .group = le32(step + 12), .attr = le64(step + 16)};
	const int fd = descriptor(session, step[1], le32(step + 4));

	if (fd < 0)
		return KVMLOAD_NO_ANSWER;
	if (step[2] == KVMLOAD_BYTES)
		attr.addr = (uintptr_t)prepare_payload(session, step);
	else if (step[2] == KVMLOAD_INVALID_POINTER)
		attr.addr = KVMLOAD_INVALID_ADDRESS;
	return answer(ioctl(fd, REQUEST(request), &attr));
}

/* Maps the vCPU's struct kvm_run where it is not mapped yet. Returns 0 or an errno. */
static int map_run(struct kvmload_session *session, struct kvmload_vcpu *vcpu)
{
	void *run;
	int size;

	if (vcpu->run)
		return 0;
	size = ioctl(session->system, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < 0)
		return errno;
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED)
		return errno;
	session->run_size = (size_t)size;
	vcpu->run = run;
	return 0;
}

static int run_vcpu(struct kvmload_session *session, const struct kvmload_step *step)
{
	const int fd = descriptor(session, KVMLOAD_VCPU, step->slot);
	struct kvmload_vcpu *vcpu;
	struct kvm_run *run;
	uint8_t immediate_exit;
	int error;

	vcpu = &session->vcpus[step->slot + session->vcpu];
	if (fd < 0 || (session->system < 0 && !vcpu->run))
		return KVMLOAD_NO_ANSWER;
	error = map_run(session, vcpu);
	if (error)
		return error;
	run = vcpu->run;
	immediate_exit = run->immediate_exit;
	run->immediate_exit = 1;
	error = answer(ioctl(fd, KVM_RUN, 0));
	run->immediate_exit = immediate_exit;
	return error == EINTR ? 0 : error;
}

/* Every other call. */
static int other_call(struct kvmload_session *session, uint32_t index)
{
	struct kvmload_step step;

	kvmload_get_step(session->plan, index, &step);
	switch (step.operation) {
	case KVMLOAD_CREATE_VM:
		return create_vm(session, &step);
	case KVMLOAD_ADD_MEMORY:
		return add_memory(session, &step);
	case KVMLOAD_ENABLE_CAPABILITY:
		return enable_capability(session, &step);
	case KVMLOAD_CREATE_IRQCHIP:
		return create_irqchip(session);
	case KVMLOAD_CREATE_VCPU:
		return create_vcpu(session, &step);
	case KVMLOAD_INIT_VCPU:
		return init_vcpu(session, &step);
	case KVMLOAD_CREATE_DEVICE:
		return create_device(session, &step);
	case KVMLOAD_TEST_DEVICE:
		return test_device(session, &step);
	case KVMLOAD_CLOSE_DEVICE:
		return close_device(session, &step);
	default:
		return run_vcpu(session, &step);
	}
}

static int perform(struct kvmload_session *session, uint32_t index, const unsigned char *step)
{
	session->payload = NULL;
	session->payload_size = 0;
	/* No switch: behind a system call a jump through a table is seldom predicted. */
	if (step[0] == KVMLOAD_SET_ATTRIBUTE)
		return attribute(session, step, KVM_SET_DEVICE_ATTR);
	if (step[0] == KVMLOAD_GET_ATTRIBUTE)
		return attribute(session, step, KVM_GET_DEVICE_ATTR);
	if (step[0] == KVMLOAD_HAS_ATTRIBUTE)
		return attribute(session, step, KVM_HAS_DEVICE_ATTR);
	return other_call(session, index);
}

int kvmload_perform(struct kvmload_session *session, uint32_t index)
{
	return perform(session, index, record(session->plan, STEPS, index));
}

/* ---- The run ---- */

/* How many vCPUs blocks are made for. */
static uint64_t vcpu_count(const struct kvmload_session *session)
{
	return session->plan->vcpu_count ? session->parameters[session->plan->vcpu_count - 1].value : 0;
}

int kvmload_ready(const struct kvmload_session *session)
{
	const struct kvmload_plan *plan = session->plan;
	const uint64_t vcpus = vcpu_count(session);
	uint32_t i, j;

	if (plan->vcpu_count && !session->parameters[plan->vcpu_count - 1].is_set)
		return KVMLOAD_NO_VALUE;
	if (plan->vcpu_count && vcpus > session->vcpu_slots)
		return KVMLOAD_BAD_VALUE;
	for (i = 0; i < plan->steps; i++) {
		const unsigned char *step = record(plan, STEPS, i);

		for (j = 0; j < le32(step + 68); j++) {
			const unsigned char *patch = record(plan, PATCHES, le32(step + 64) + j);
			const uint32_t index = le32(patch + 8);
			struct kvmload_parameter parameter;

			if (patch[4] == PATCH_FILE) {
				if (session->files[index] < 0)
					return KVMLOAD_NO_VALUE;
				continue;
			}
			if (patch[4] == PATCH_VCPU_INDEX) {
				if (vcpus && !fits(vcpus - 1, patch[7], le32(patch + 12), 0))
					return KVMLOAD_BAD_VALUE;
				continue;
			}
			if (!session->parameters[index].is_set)
				return KVMLOAD_NO_VALUE;
			kvmload_get_parameter(plan, index, &parameter);
			if (!fits(session->parameters[index].value, parameter.size * 8, 0, parameter.is_signed) ||
			    !fits(session->parameters[index].value, patch[7], le32(patch + 12), parameter.is_signed))
				return KVMLOAD_BAD_VALUE;
		}
	}
	return 0;
}

/* Whether the guards of a step let it be made. */
static int is_let(const struct kvmload_session *session, const unsigned char *step)
{
	uint32_t i;

	for (i = 0; i < le32(step + 60); i++) {
		const unsigned char *guard = record(session->plan, GUARDS, le32(step + 56) + i);
		const struct kvmload_outcome *earlier = &session->outcomes[le32(guard)];

		if (earlier->answer == KVMLOAD_NO_ANSWER || (earlier->answer == 0) != (int)le32(guard + 4))
			return 0;
	}
	return 1;
}

/* Whether what a get has read is what it should read, in every bit of the mask. */
static int is_as_expected(const struct kvmload_session *session, const unsigned char *step)
{
	const uint32_t size = le32(step + 44);
	const unsigned char *value = record(session->plan, DATA, le32(step + 40));
	const unsigned char *read = session->payload;
	uint32_t i;

	if (session->payload_size < size)
		return 0;
	for (i = 0; i < size; i++)
		if ((value[i] ^ read[i]) & value[size + i])
			return 0;
	return 1;
}

/* To the step that comes next: at the end of a block its first one, for the next vCPU, where there is one. */
static void go_on(struct kvmload_session *session, uint32_t index, const unsigned char *step)
{
	const uint32_t length = le32(step + 72);

	if (length) {
		session->block_first = index;
		session->block_end = index + length;
	}
	session->last = index;
	session->next = index + 1;
	if (session->next != session->block_end)
		return;
	if (session->vcpu + UINT64_C(1) < vcpu_count(session)) {
		session->vcpu++;
		session->next = session->block_first;
	} else {
		session->vcpu = 0;
		session->block_end = 0;
	}
}

/* Whether a step stands in a block, and there is no vCPU to make it for. */
static int is_for_nobody(const struct kvmload_session *session, uint32_t index, const unsigned char *step)
{
	return (le32(step + 72) || index < session->block_end) && vcpu_count(session) == 0;
}

/* Notes what became of the step whose turn it is, and goes on to the next. Returns the verdict. */
static int finish(struct kvmload_session *session, const unsigned char *step, int answer)
{
	const uint32_t index = session->next;
	struct kvmload_outcome *outcome = &session->outcomes[index];

	outcome->answer = answer;
	if (answer < 0)
		outcome->verdict = KVMLOAD_SKIPPED;
	else if (!expects(session->plan, step, answer))
		outcome->verdict = KVMLOAD_UNEXPECTED;
	else if (answer == 0 && !is_as_expected(session, step))
		outcome->verdict = KVMLOAD_MISMATCH;
	else
		outcome->verdict = KVMLOAD_PASSED;
	if (session->after)
		session->after(session, index, session->context);
	go_on(session, index, step);
	return (int)outcome->verdict;
}

int kvmload_run(struct kvmload_session *session)
{
	const int fault = session->next == 0 ? kvmload_ready(session) : 0;

	if (fault)
		return fault;
	while (session->next < session->plan->steps) {
		const uint32_t index = session->next;
		const unsigned char *step = record(session->plan, STEPS, index);
		enum kvmload_decision decision = KVMLOAD_MAKE;
		int verdict;

		if (!is_let(session, step) || is_for_nobody(session, index, step))
			decision = KVMLOAD_SKIP;
		if (decision == KVMLOAD_MAKE && session->own & UINT32_C(1) << step[0])
			return KVMLOAD_YOURS;
		if (decision == KVMLOAD_MAKE && session->before)
			decision = session->before(session, index, session->context);
		if (decision == KVMLOAD_STOP)
			return KVMLOAD_STOPPED;
		if (decision == KVMLOAD_SKIP) {
			kvmload_skip(session);
			continue;
		}
		verdict = finish(session, step, perform(session, index, step));
		if (verdict == KVMLOAD_UNEXPECTED || verdict == KVMLOAD_MISMATCH)
			return KVMLOAD_FAILED;
	}
	return KVMLOAD_FINISHED;
}

int kvmload_answer(struct kvmload_session *session, int answer, int fd, void *run)
{
	struct kvmload_step step;

	kvmload_get_step(session->plan, session->next, &step);
	if (answer == 0 && step.operation == KVMLOAD_CREATE_VM) {
		session->vm = fd;
		session->vm_is_callers = 1;
	} else if (answer == 0 && step.operation == KVMLOAD_CREATE_VCPU) {
		struct kvmload_vcpu *vcpu = &session->vcpus[step.slot + session->vcpu];

		vcpu->fd = fd;
		vcpu->run = run;
		vcpu->is_callers = run ? 3 : 1;
	}
	session->payload = NULL;
	session->payload_size = 0;
	return finish(session, record(session->plan, STEPS, session->next), answer);
}

void kvmload_skip(struct kvmload_session *session)
{
	session->payload = NULL;
	session->payload_size = 0;
	finish(session, record(session->plan, STEPS, session->next), KVMLOAD_NO_ANSWER);
}
