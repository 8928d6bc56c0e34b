#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC, MAP_NORESERVE */
#endif

#include "kvmload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

/* The alignment that KVM_SET_USER_MEMORY_REGION requires of userspace_addr, if it is more than a page. */
#ifdef __s390x__
#define MEMORY_ALIGNMENT ((size_t)1 << 20)
#else
#define MEMORY_ALIGNMENT ((size_t)1)
#endif

/* struct kvm_userspace_memory_region2 of Linux 6.8, which older headers lack. */
struct memory_region2 {
	struct kvm_userspace_memory_region region;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};

#define SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct memory_region2)

/* The version of KVM's API since Linux 2.6.22; Documentation/virt/kvm/api.rst, 4.1, says to refuse any other. */
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
#elif defined(__powerpc__)
#define OWN_ARCHITECTURE KVMLOAD_PPC
#else
#error "KVM's device control API does not exist on this architecture"
#endif

/* Converts a request to the type that ioctl() takes: an int with musl, which constants with the highest bit set
 * overflow. */
#ifdef __GLIBC__
#define REQUEST(number) (number)
#else
#define REQUEST(number) ((int)(number))
#endif

#define IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

_Static_assert(KVMLOAD_SECTION_STRINGS + 1 == KVMLOAD_SECTIONS, "struct kvmload_plan has an element for each section");

/* ---- The bytes of a plan, see docs/plan-format.md ---- */

static const uint8_t record_size[KVMLOAD_SECTIONS] = {
	[KVMLOAD_SECTION_STEPS] = KVMLOAD_SIZEOF_STEP,
	[KVMLOAD_SECTION_LABELS] = KVMLOAD_SIZEOF_LABEL,
	[KVMLOAD_SECTION_FILES] = KVMLOAD_SIZEOF_FILE,
	[KVMLOAD_SECTION_PARAMETERS] = KVMLOAD_SIZEOF_PARAMETER,
	[KVMLOAD_SECTION_PATCHES] = KVMLOAD_SIZEOF_PATCH,
	[KVMLOAD_SECTION_GUARDS] = KVMLOAD_SIZEOF_GUARD,
	[KVMLOAD_SECTION_ANSWERS] = KVMLOAD_SIZEOF_ANSWER,
	[KVMLOAD_SECTION_NOTES] = KVMLOAD_SIZEOF_NOTE,
	[KVMLOAD_SECTION_REASONS] = KVMLOAD_SIZEOF_REASON,
	[KVMLOAD_SECTION_DATA] = 1,
	[KVMLOAD_SECTION_STRINGS] = 1,
};

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

static const unsigned char *record(const struct kvmload_plan *plan, enum kvmload_section section, uint32_t index)
{
	return plan->bytes + plan->sections[section] + (size_t)index * record_size[section];
}

/* A run of records of one section. */
struct range {
	uint32_t first;
	uint32_t count;
};

static struct range range(const unsigned char *field)
{
	return (struct range){.first = le32(field + KVMLOAD_RANGE_FIRST), .count = le32(field + KVMLOAD_RANGE_COUNT)};
}

/* The string that a field refers to, or NULL. */
static const char *string(const struct kvmload_plan *plan, const unsigned char *field)
{
	const uint32_t offset = le32(field);

	return offset ? (const char *)record(plan, KVMLOAD_SECTION_STRINGS, offset) + KVMLOAD_STRING_TEXT : NULL;
}

static uint64_t aligned(uint64_t offset)
{
	return (offset + KVMLOAD_ALIGNMENT - 1) & ~(uint64_t)(KVMLOAD_ALIGNMENT - 1);
}

/* Every change of one 64-bit word changes the checksum: each round is a bijection of the state and of the word. */
static uint64_t checksum(const unsigned char *bytes, uint32_t size)
{
	const int rotation = KVMLOAD_CHECKSUM_ROTATION;
	uint64_t hash = KVMLOAD_CHECKSUM_SEED;
	uint32_t i;

	for (i = 0; i < size; i += sizeof(uint64_t)) {
		hash ^= i == KVMLOAD_HEADER_CHECKSUM ? 0 : le64(bytes + i);
		hash = (hash << rotation | hash >> (64 - rotation)) * KVMLOAD_CHECKSUM_FACTOR;
	}
	return hash;
}

/* ---- The check ---- */

/* The state of a check. */
struct check {
	const struct kvmload_plan *plan;
	uint32_t counts[KVMLOAD_SECTIONS];
	/* The slots that the steps so far have filled, and the size of their largest payload. */
	uint32_t vcpus, devices, mappings, scratch;
	/* The bytes that ranges and strings have referred to so far. Records can share them: without a limit, each step
	 * of a hostile plan could refer to almost the whole file. */
	uint64_t referred;
	/* The index of the step after the current block. */
	uint32_t block_end;
};

static int fits_into(struct range range, uint32_t limit)
{
	return range.first <= limit && range.count <= limit - range.first;
}

static int refers_to(struct check *check, uint64_t bytes)
{
	check->referred += bytes;
	return check->referred <= KVMLOAD_MAX_REFERRED;
}

static int has_records(struct check *check, enum kvmload_section section, const unsigned char *field)
{
	const struct range records = range(field);

	return fits_into(records, check->counts[section]) &&
	       refers_to(check, (uint64_t)records.count * record_size[section]);
}

/* Whether a field refers to a string: a length, the text, and a NUL. */
static int has_string(struct check *check, const unsigned char *field)
{
	const unsigned char *strings = record(check->plan, KVMLOAD_SECTION_STRINGS, 0);
	const uint32_t size = check->counts[KVMLOAD_SECTION_STRINGS];
	const uint32_t offset = le32(field);
	struct range text;

	if (offset == 0 || !fits_into((struct range){offset, KVMLOAD_STRING_TEXT + 1}, size))
		return 0;
	text.first = offset + KVMLOAD_STRING_TEXT;
	text.count = le32(strings + offset + KVMLOAD_STRING_LENGTH);
	return fits_into(text, size - 1) && strings[text.first + text.count] == 0 && refers_to(check, text.count);
}

static int has_string_or_none(struct check *check, const unsigned char *field)
{
	return le32(field) == 0 || has_string(check, field);
}

static int is_zero(const unsigned char *bytes, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < size; i++)
		if (bytes[i])
			return 0;
	return 1;
}

/* Each section begins at the next multiple of the alignment after the one before, with zeros between them. */
static int check_sections(struct check *check, struct kvmload_plan *plan)
{
	uint64_t end = KVMLOAD_SIZEOF_HEADER;
	int i;

	for (i = 0; i < KVMLOAD_SECTIONS; i++) {
		const unsigned char *entry = plan->bytes + KVMLOAD_HEADER_SECTIONS + i * KVMLOAD_SIZEOF_ENTRY;
		const uint64_t start = aligned(end);

		if (le32(entry + KVMLOAD_ENTRY_OFFSET) != start || start > plan->size ||
		    !is_zero(plan->bytes + end, (uint32_t)(start - end)))
			return KVMLOAD_BAD_LAYOUT;
		plan->sections[i] = (uint32_t)start;
		check->counts[i] = le32(entry + KVMLOAD_ENTRY_COUNT);
		end = start + (uint64_t)check->counts[i] * record_size[i];
		if (end > plan->size)
			return KVMLOAD_BAD_LAYOUT;
	}
	if (aligned(end) != plan->size || !is_zero(plan->bytes + end, (uint32_t)(plan->size - end)))
		return KVMLOAD_BAD_LAYOUT;
	if (check->counts[KVMLOAD_SECTION_LABELS] &&
	    check->counts[KVMLOAD_SECTION_LABELS] != check->counts[KVMLOAD_SECTION_STEPS])
		return KVMLOAD_BAD_LAYOUT;
	if (check->counts[KVMLOAD_SECTION_STRINGS] < KVMLOAD_FIRST_STRING ||
	    !is_zero(record(plan, KVMLOAD_SECTION_STRINGS, 0), KVMLOAD_FIRST_STRING))
		return KVMLOAD_BAD_LAYOUT;
	return 0;
}

static int check_place(struct check *check, const unsigned char *place)
{
	return has_string(check, place + KVMLOAD_PLACE_FILE);
}

static int check_label(struct check *check, uint32_t index)
{
	const unsigned char *label = record(check->plan, KVMLOAD_SECTION_LABELS, index);
	const struct range notes = range(label + KVMLOAD_LABEL_NOTES);
	uint32_t i;

	if (!has_string(check, label + KVMLOAD_LABEL_TARGET) ||
	    !has_string_or_none(check, label + KVMLOAD_LABEL_ATTRIBUTE) ||
	    !has_string_or_none(check, label + KVMLOAD_LABEL_VALUE) ||
	    !has_string_or_none(check, label + KVMLOAD_LABEL_MOVED) ||
	    !check_place(check, label + KVMLOAD_LABEL_PLACE) ||
	    !has_records(check, KVMLOAD_SECTION_NOTES, label + KVMLOAD_LABEL_NOTES) ||
	    !has_records(check, KVMLOAD_SECTION_REASONS, label + KVMLOAD_LABEL_REASONS) ||
	    !has_string_or_none(check, label + KVMLOAD_LABEL_KEY))
		return 0;
	for (i = 0; i < notes.count; i++)
		if (!has_string(check, record(check->plan, KVMLOAD_SECTION_NOTES, notes.first + i) + KVMLOAD_NOTE_TEXT))
			return 0;
	return 1;
}

static int check_file(struct check *check, uint32_t index)
{
	const unsigned char *file = record(check->plan, KVMLOAD_SECTION_FILES, index);

	return has_string(check, file + KVMLOAD_FILE_NAME) && has_string(check, file + KVMLOAD_FILE_PATH) &&
	       check_place(check, file + KVMLOAD_FILE_PLACE) && le32(file + KVMLOAD_FILE_ZERO) == 0;
}

static int is_width(uint32_t bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static int check_parameter(struct check *check, uint32_t index)
{
	const unsigned char *parameter = record(check->plan, KVMLOAD_SECTION_PARAMETERS, index);
	const uint8_t has_default = parameter[KVMLOAD_PARAMETER_HAS_DEFAULT];

	return has_string(check, parameter + KVMLOAD_PARAMETER_NAME) && is_width(parameter[KVMLOAD_PARAMETER_SIZE]) &&
	       parameter[KVMLOAD_PARAMETER_SIGNED] <= 1 && has_default <= 1 &&
	       parameter[KVMLOAD_PARAMETER_READ] <= !has_default &&
	       (has_default || le64(parameter + KVMLOAD_PARAMETER_DEFAULT) == 0) &&
	       check_place(check, parameter + KVMLOAD_PARAMETER_PLACE) &&
	       le32(parameter + KVMLOAD_PARAMETER_ZERO_2) == 0;
}

/* The integer must be inside the payload, and the bits inside the integer. */
static int check_patch(const struct check *check, uint32_t index, uint32_t payload_size, uint32_t step)
{
	const unsigned char *patch = record(check->plan, KVMLOAD_SECTION_PATCHES, index);
	const uint32_t width = patch[KVMLOAD_PATCH_WIDTH], bits = patch[KVMLOAD_PATCH_BITS];
	const uint32_t source = le32(patch + KVMLOAD_PATCH_INDEX), dropped = le32(patch + KVMLOAD_PATCH_DROPPED);

	if (!is_width(width) || !fits_into((struct range){le32(patch + KVMLOAD_PATCH_OFFSET), width}, payload_size) ||
	    bits == 0 || patch[KVMLOAD_PATCH_SHIFT] + bits > width * 8 || dropped > KVMLOAD_MAX_DROPPED)
		return 0;
	switch (patch[KVMLOAD_PATCH_SOURCE]) {
	case KVMLOAD_FROM_FILE:
		return source < check->counts[KVMLOAD_SECTION_FILES] && width == 4 && bits == 32 && dropped == 0;
	case KVMLOAD_FROM_DEVICE:
		return source < check->plan->device_slots && width == 4 && bits == 32 && dropped == 0;
	case KVMLOAD_FROM_PARAMETER:
		return source < check->counts[KVMLOAD_SECTION_PARAMETERS];
	case KVMLOAD_FROM_VCPU_INDEX:
		return source == 0 && step < check->block_end;
	case KVMLOAD_FROM_PAYLOAD:
		return source <= payload_size && width == 8 && bits == 64 && dropped == 0;
	default:
		return 0;
	}
}

static int check_guard(const struct check *check, uint32_t index, uint32_t step)
{
	const unsigned char *guard = record(check->plan, KVMLOAD_SECTION_GUARDS, index);

	return le32(guard + KVMLOAD_GUARD_STEP) < step && le32(guard + KVMLOAD_GUARD_SUCCEEDED) <= 1;
}

/* The target's slot must be one that a step of the plan fills. */
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

	if (step->payload_size % 8 != 0 || count > KVMLOAD_MAX_ARGUMENTS || step->argument_devices >> count != 0)
		return 0;
	for (i = 0; i < count; i++)
		if (step->argument_devices & (UINT32_C(1) << i) &&
		    le64((const unsigned char *)step->payload + i * 8) >= check->plan->device_slots)
			return 0;
	return 1;
}

/* Whether a number is a request of KVM, and the size in it is that of the payload. The payload may be larger: what its
 * pointers point to follows it. */
static int is_request(uint32_t number, const struct kvmload_step *step)
{
	/* The same bits on every architecture; those above are the direction. */
	const uint32_t type = number >> 8 & 0xff, size = number >> 16 & 0x1fff;

	return type == KVMIO && (step->data != KVMLOAD_BYTES || step->payload_size >= size);
}

/* Memory without a guest_memfd, or with the device that is one, and the offset in it. */
static int check_memory(const struct check *check, const struct kvmload_step *step)
{
	if (step->target == KVMLOAD_DEVICE)
		return step->slot < check->plan->device_slots && step->payload_size == 8;
	return step->target == 0 && step->slot == 0 && step->payload_size == 0;
}

/* Where a value that the call reads is stored: the index of the parameter, plus 1, and above it the offset of the
 * integer in the payload. */
static int check_stored(const struct check *check, const struct kvmload_step *step)
{
	const uint32_t index = (uint32_t)step->size, offset = (uint32_t)(step->size >> 32);
	const unsigned char *parameter;

	if (step->size == 0)
		return 1;
	if (step->data != KVMLOAD_BYTES || index == 0 || index > check->counts[KVMLOAD_SECTION_PARAMETERS])
		return 0;
	parameter = record(check->plan, KVMLOAD_SECTION_PARAMETERS, index - 1);
	return parameter[KVMLOAD_PARAMETER_READ] &&
	       fits_into((struct range){offset, parameter[KVMLOAD_PARAMETER_SIZE]}, step->payload_size);
}

static int check_call(struct check *check, const struct kvmload_step *step)
{
	const int makes = (step->flags & KVMLOAD_MAKES_DESCRIPTOR) != 0;

	return check_target(check, step) && step->data <= KVMLOAD_INVALID_POINTER && check_stored(check, step) &&
	       step->argument_devices == 0 && (step->data == KVMLOAD_BYTES || step->payload_size == 0) &&
	       (step->flags & ~(uint32_t)(KVMLOAD_WRITES_PAYLOAD | KVMLOAD_MAKES_DESCRIPTOR)) == 0 &&
	       step->value == (makes ? check->devices++ : 0) && is_request(step->number, step);
}

/* Fields that the operation does not use must be 0, so that a later version can give them a meaning. */
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
		return check_memory(check, step) && step->data == 0 && step->argument_devices == 0;
	case KVMLOAD_ENABLE_CAPABILITY:
		return (step->target == KVMLOAD_VM || step->target == KVMLOAD_VCPU) && check_target(check, step) &&
		       check_arguments(check, step) && step->data == 0 && step->size == 0 && step->value == 0;
	case KVMLOAD_CREATE_IRQCHIP:
		return has_no_target && has_no_data && is_plain && has_no_number && step->slot == 0 && step->value == 0;
	case KVMLOAD_CHECK_EXTENSION:
		return has_no_target && has_no_data && is_plain && step->flags == 0 && step->slot == 0 &&
		       step->value == 0;
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
		return check_target(check, step) && step->data <= KVMLOAD_INVALID_POINTER &&
		       step->argument_devices == 0 &&
		       (step->operation == KVMLOAD_GET_ATTRIBUTE ? check_stored(check, step) : step->size == 0) &&
		       (step->data == KVMLOAD_BYTES || step->payload_size == 0);
	case KVMLOAD_RUN_VCPU:
		return has_no_target && has_no_data && is_plain && has_no_number && step->value == 0 &&
		       step->slot < plan->vcpu_slots;
	case KVMLOAD_CALL:
		return check_call(check, step);
	default:
		return 0;
	}
}

static int concerns_vcpu(const struct kvmload_step *step)
{
	return step->operation == KVMLOAD_CREATE_VCPU || step->operation == KVMLOAD_INIT_VCPU ||
	       step->operation == KVMLOAD_RUN_VCPU || step->target == KVMLOAD_VCPU;
}

/* A block is made once per vCPU. If the number of vCPUs is a parameter, every step that concerns a vCPU must be in a
 * block, where it uses slot 0; otherwise there must be no blocks. */
static int check_block(struct check *check, const unsigned char *p, const struct kvmload_step *step, uint32_t index)
{
	const struct range block = {index, le32(p + KVMLOAD_STEP_BLOCK)};

	if (block.count) {
		if (!check->plan->vcpu_count || index < check->block_end ||
		    !fits_into(block, check->counts[KVMLOAD_SECTION_STEPS]))
			return 0;
		check->block_end = index + block.count;
	}
	if (check->plan->vcpu_count && concerns_vcpu(step) && (index >= check->block_end || step->slot != 0))
		return 0;
	return 1;
}

/* Only the attribute calls and other requests answer numbers. */
static int check_result(const struct kvmload_step *step)
{
	return step->result == 0 || step->operation == KVMLOAD_SET_ATTRIBUTE ||
	       step->operation == KVMLOAD_GET_ATTRIBUTE || step->operation == KVMLOAD_HAS_ATTRIBUTE ||
	       step->operation == KVMLOAD_CALL;
}

/* The comparison's range is that of the expected bytes; as many bytes of a mask follow them. */
static int check_comparison(struct check *check, const unsigned char *p, const struct kvmload_step *step)
{
	const struct range bytes = range(p + KVMLOAD_STEP_COMPARISON);
	const struct range mask = {bytes.first + bytes.count, bytes.count};

	return has_records(check, KVMLOAD_SECTION_DATA, p + KVMLOAD_STEP_COMPARISON) &&
	       fits_into(mask, check->counts[KVMLOAD_SECTION_DATA]) &&
	       (bytes.count == 0 || step->operation == KVMLOAD_GET_ATTRIBUTE || step->operation == KVMLOAD_CALL);
}

static int check_step(struct check *check, uint32_t index)
{
	const unsigned char *p = record(check->plan, KVMLOAD_SECTION_STEPS, index);
	const struct range guards = range(p + KVMLOAD_STEP_GUARDS), patches = range(p + KVMLOAD_STEP_PATCHES);
	struct kvmload_step step;
	uint32_t i;

	if (!has_records(check, KVMLOAD_SECTION_DATA, p + KVMLOAD_STEP_PAYLOAD) ||
	    !has_records(check, KVMLOAD_SECTION_ANSWERS, p + KVMLOAD_STEP_ANSWERS) ||
	    !has_records(check, KVMLOAD_SECTION_GUARDS, p + KVMLOAD_STEP_GUARDS) ||
	    !has_records(check, KVMLOAD_SECTION_PATCHES, p + KVMLOAD_STEP_PATCHES))
		return 0;
	kvmload_get_step(check->plan, index, &step);
	if (!check_block(check, p, &step, index) || !check_operation(check, &step, index) ||
	    !check_comparison(check, p, &step) || !check_result(&step))
		return 0;
	if (step.payload_size > check->scratch)
		check->scratch = step.payload_size;
	for (i = 0; i < guards.count; i++)
		if (!check_guard(check, guards.first + i, index))
			return 0;
	for (i = 0; i < patches.count; i++)
		if (step.data != KVMLOAD_BYTES || !check_patch(check, patches.first + i, step.payload_size, index))
			return 0;
	return 1;
}

static int check_records(struct check *check)
{
	const struct kvmload_plan *plan = check->plan;
	uint32_t i;

	if (!has_string(check, plan->bytes + KVMLOAD_HEADER_NAME) ||
	    !has_string(check, plan->bytes + KVMLOAD_HEADER_MANIFEST))
		return 0;
	if (plan->vcpu_count > plan->parameters || le32(plan->bytes + KVMLOAD_HEADER_ZERO_2) != 0)
		return 0;
	/* The number of vCPUs is compared with the session's slots before the first step, so no step may change it. */
	if (plan->vcpu_count &&
	    record(plan, KVMLOAD_SECTION_PARAMETERS, plan->vcpu_count - 1)[KVMLOAD_PARAMETER_READ])
		return 0;
	for (i = 0; i < check->counts[KVMLOAD_SECTION_REASONS]; i++)
		if (!has_string(check, record(plan, KVMLOAD_SECTION_REASONS, i) + KVMLOAD_REASON_TEXT))
			return 0;
	for (i = 0; i < plan->files; i++)
		if (!check_file(check, i))
			return 0;
	for (i = 0; i < plan->parameters; i++)
		if (!check_parameter(check, i))
			return 0;
	for (i = 0; i < plan->labels; i++)
		if (!check_label(check, i))
			return 0;
	for (i = 0; i < plan->steps; i++)
		if (!check_step(check, i))
			return 0;
	return check->vcpus == plan->vcpu_slots && check->devices == plan->device_slots &&
	       check->mappings == plan->mapping_slots && check->scratch == plan->scratch_size;
}

int kvmload_check(struct kvmload_plan *plan, const void *bytes, size_t size)
{
	const unsigned char *header = bytes;
	struct check check = {.plan = plan};
	int fault;

	memset(plan, 0, sizeof(*plan));
	if (size < sizeof(KVMLOAD_MAGIC) - 1 || memcmp(header, KVMLOAD_MAGIC, sizeof(KVMLOAD_MAGIC) - 1) != 0)
		return KVMLOAD_NOT_A_PLAN;
	if (size < KVMLOAD_SIZEOF_HEADER)
		return KVMLOAD_TRUNCATED;
	if (le32(header + KVMLOAD_HEADER_VERSION) != KVMLOAD_VERSION)
		return KVMLOAD_OTHER_VERSION;
	if (le32(header + KVMLOAD_HEADER_FILE_SIZE) != size || size % KVMLOAD_ALIGNMENT != 0)
		return KVMLOAD_TRUNCATED;
	if (le64(header + KVMLOAD_HEADER_CHECKSUM) != checksum(header, (uint32_t)size))
		return KVMLOAD_BAD_CHECKSUM;
	if (le32(header + KVMLOAD_HEADER_SIZE) != KVMLOAD_SIZEOF_HEADER || header[KVMLOAD_HEADER_BIG_ENDIAN] > 1 ||
	    !is_zero(header + KVMLOAD_HEADER_ZERO, 2) || header[KVMLOAD_HEADER_ARCHITECTURE] < KVMLOAD_ARM64 ||
	    header[KVMLOAD_HEADER_ARCHITECTURE] > KVMLOAD_PPC)
		return KVMLOAD_BAD_LAYOUT;

	plan->bytes = header;
	plan->size = (uint32_t)size;
	fault = check_sections(&check, plan);
	if (!fault) {
		plan->architecture = header[KVMLOAD_HEADER_ARCHITECTURE];
		plan->big_endian = header[KVMLOAD_HEADER_BIG_ENDIAN];
		plan->steps = check.counts[KVMLOAD_SECTION_STEPS];
		plan->labels = check.counts[KVMLOAD_SECTION_LABELS];
		plan->files = check.counts[KVMLOAD_SECTION_FILES];
		plan->parameters = check.counts[KVMLOAD_SECTION_PARAMETERS];
		plan->vcpu_count = le32(header + KVMLOAD_HEADER_VCPU_COUNT);
		plan->vcpu_slots = le32(header + KVMLOAD_HEADER_VCPU_SLOTS);
		plan->device_slots = le32(header + KVMLOAD_HEADER_DEVICE_SLOTS);
		plan->mapping_slots = le32(header + KVMLOAD_HEADER_MAPPING_SLOTS);
		plan->scratch_size = le32(header + KVMLOAD_HEADER_SCRATCH_SIZE);
		fault = check_records(&check) ? 0 : KVMLOAD_BAD_RECORD;
	}
	if (fault) {
		memset(plan, 0, sizeof(*plan));
		return fault;
	}
	plan->name = string(plan, header + KVMLOAD_HEADER_NAME);
	plan->manifest = string(plan, header + KVMLOAD_HEADER_MANIFEST);
	return 0;
}

const char *kvmload_fault_text(int fault)
{
	switch (fault) {
	case 0:
		return "no fault";
	case KVMLOAD_NOT_A_PLAN:
		return "not a compiled plan";
	case KVMLOAD_OTHER_VERSION:
		return "the plan has a different version of the format; compile it again";
	case KVMLOAD_TRUNCATED:
		return "the plan is incomplete, or followed by other bytes";
	case KVMLOAD_BAD_CHECKSUM:
		return "the plan has changed since it was compiled: the checksum is wrong";
	case KVMLOAD_BAD_LAYOUT:
		return "the plan's sections are not where they belong";
	case KVMLOAD_BAD_RECORD:
		return "a record of the plan has an invalid value";
	case KVMLOAD_OTHER_ARCHITECTURE:
		return "the plan is for a different architecture than this machine";
	case KVMLOAD_NO_ROOM:
		return "an array of the session is smaller than the plan needs";
	case KVMLOAD_NO_VALUE:
		return "a parameter has no value, or a file is not open";
	case KVMLOAD_BAD_VALUE:
		return "a parameter's value does not fit where it is used";
	default:
		return "an unknown fault";
	}
}

/* ---- Reading a checked plan ---- */

void kvmload_get_step(const struct kvmload_plan *plan, uint32_t index, struct kvmload_step *step)
{
	const unsigned char *p = record(plan, KVMLOAD_SECTION_STEPS, index);
	const struct range payload = range(p + KVMLOAD_STEP_PAYLOAD);

	step->operation = p[KVMLOAD_STEP_OPERATION];
	step->target = p[KVMLOAD_STEP_TARGET];
	step->data = p[KVMLOAD_STEP_DATA];
	step->argument_devices = p[KVMLOAD_STEP_ARGUMENT_DEVICES];
	step->slot = le32(p + KVMLOAD_STEP_SLOT);
	step->flags = le32(p + KVMLOAD_STEP_FLAGS);
	step->number = le32(p + KVMLOAD_STEP_NUMBER);
	step->value = le64(p + KVMLOAD_STEP_VALUE);
	step->size = le64(p + KVMLOAD_STEP_SIZE);
	step->payload = record(plan, KVMLOAD_SECTION_DATA, payload.first);
	step->payload_size = payload.count;
	step->result = le32(p + KVMLOAD_STEP_RESULT);
}

void kvmload_get_label(const struct kvmload_plan *plan, uint32_t index, struct kvmload_label *label)
{
	const unsigned char *p, *place;

	memset(label, 0, sizeof(*label));
	if (!plan->labels)
		return;
	p = record(plan, KVMLOAD_SECTION_LABELS, index);
	place = p + KVMLOAD_LABEL_PLACE;
	label->target = string(plan, p + KVMLOAD_LABEL_TARGET);
	label->attribute = string(plan, p + KVMLOAD_LABEL_ATTRIBUTE);
	label->key = string(plan, p + KVMLOAD_LABEL_KEY);
	label->value = string(plan, p + KVMLOAD_LABEL_VALUE);
	label->file = string(plan, place + KVMLOAD_PLACE_FILE);
	label->line = le32(place + KVMLOAD_PLACE_LINE);
	label->column = le32(place + KVMLOAD_PLACE_COLUMN);
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
	case KVMLOAD_CALL:
		return "call";
	case KVMLOAD_CHECK_EXTENSION:
		return "check-extension";
	default:
		return NULL;
	}
}

const char *kvmload_reason(const struct kvmload_plan *plan, uint32_t index, int error)
{
	struct range reasons;
	uint32_t i;

	if (!plan->labels || error <= 0)
		return NULL;
	reasons = range(record(plan, KVMLOAD_SECTION_LABELS, index) + KVMLOAD_LABEL_REASONS);
	for (i = 0; i < reasons.count; i++) {
		const unsigned char *reason = record(plan, KVMLOAD_SECTION_REASONS, reasons.first + i);

		if (le32(reason + KVMLOAD_REASON_ERRNO) == (uint32_t)error)
			return string(plan, reason + KVMLOAD_REASON_TEXT);
	}
	return NULL;
}

static int expects(const struct kvmload_plan *plan, const unsigned char *step, int answer)
{
	const struct range answers = range(step + KVMLOAD_STEP_ANSWERS);
	uint32_t i;

	for (i = 0; i < answers.count; i++) {
		const unsigned char *expected = record(plan, KVMLOAD_SECTION_ANSWERS, answers.first + i);

		if (le32(expected + KVMLOAD_ANSWER_ERRNO) == (uint32_t)answer)
			return 1;
	}
	return 0;
}

int kvmload_expects(const struct kvmload_plan *plan, uint32_t index, int answer)
{
	return expects(plan, record(plan, KVMLOAD_SECTION_STEPS, index), answer);
}

int kvmload_expected(const struct kvmload_plan *plan, uint32_t index, uint32_t which)
{
	const struct range answers = range(record(plan, KVMLOAD_SECTION_STEPS, index) + KVMLOAD_STEP_ANSWERS);

	if (which >= answers.count)
		return -1;
	return (int)le32(record(plan, KVMLOAD_SECTION_ANSWERS, answers.first + which) + KVMLOAD_ANSWER_ERRNO);
}

void kvmload_get_file(const struct kvmload_plan *plan, uint32_t index, struct kvmload_file *file)
{
	const unsigned char *p = record(plan, KVMLOAD_SECTION_FILES, index);

	file->name = string(plan, p + KVMLOAD_FILE_NAME);
	file->path = string(plan, p + KVMLOAD_FILE_PATH);
}

void kvmload_get_parameter(const struct kvmload_plan *plan, uint32_t index, struct kvmload_parameter *parameter)
{
	const unsigned char *p = record(plan, KVMLOAD_SECTION_PARAMETERS, index);

	parameter->name = string(plan, p + KVMLOAD_PARAMETER_NAME);
	parameter->size = p[KVMLOAD_PARAMETER_SIZE];
	parameter->is_signed = p[KVMLOAD_PARAMETER_SIGNED];
	parameter->is_read = p[KVMLOAD_PARAMETER_READ];
	parameter->has_value = p[KVMLOAD_PARAMETER_HAS_DEFAULT];
	parameter->value = le64(p + KVMLOAD_PARAMETER_DEFAULT);
}

/* ---- A session ---- */

/* Returns 0, or the errno of a call that returned `result`. */
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
	if (strcmp(file.path, KVMLOAD_EVENTFD) == 0)
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	else
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

		if (vcpu->run && !(vcpu->callers & KVMLOAD_CALLERS_RUN))
			munmap(vcpu->run, session->run_size);
		vcpu->run = NULL;
		if (!(vcpu->callers & KVMLOAD_CALLERS_FD))
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

/* Returns the descriptor of a target, or -1. */
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
	/* KVM registers with the memory management of the process, which fails while a signal is pending. */
	do
		session->vm = ioctl(session->system, KVM_CREATE_VM, (unsigned long)step->value);
	while (session->vm < 0 && errno == EINTR);
	return answer(session->vm);
}

/* Maps `size` bytes, and as many more as the alignment needs. Returns 0 or the errno of mmap(). */
static int map_memory(struct kvmload_mapping *mapping, uint64_t size)
{
	if (size > SIZE_MAX - MEMORY_ALIGNMENT)
		return ENOMEM;
	mapping->size = (size_t)size + MEMORY_ALIGNMENT - 1;
	mapping->start = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return mapping->start == MAP_FAILED ? errno : 0;
}

/* Makes the call for a region, whose memory is mapped. */
static int set_region(struct kvmload_session *session, const struct kvmload_step *step,
		      const struct kvm_userspace_memory_region *region)
{
	struct memory_region2 private = {.region = *region};
	int device;

	if (step->target != KVMLOAD_DEVICE)
		return answer(ioctl(session->vm, KVM_SET_USER_MEMORY_REGION, region));
	device = session->devices[step->slot].fd;
	if (device < 0)
		return KVMLOAD_NO_ANSWER;
	private.guest_memfd = (uint32_t)device;
	private.guest_memfd_offset = le64(step->payload);
	return answer(ioctl(session->vm, SET_USER_MEMORY_REGION2, &private));
}

static int add_memory(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_userspace_memory_region region = {
		.slot = step->number,
		.flags = step->flags,
		.guest_phys_addr = step->value,
		.memory_size = step->size,
	};
	struct kvmload_mapping *mapping;
	int error;

	if (session->vm < 0)
		return KVMLOAD_NO_ANSWER;
	if (step->size == 0)
		return set_region(session, step, &region);
	if (session->mappings_used >= session->mapping_slots)
		return KVMLOAD_NO_ANSWER;

	mapping = &session->mappings[session->mappings_used];
	error = map_memory(mapping, step->size);
	if (error)
		return error;
	region.userspace_addr = ((uintptr_t)mapping->start + MEMORY_ALIGNMENT - 1) & ~(MEMORY_ALIGNMENT - 1);
	error = set_region(session, step, &region);
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

static int check_extension(const struct kvmload_session *session, uint32_t number)
{
	uint32_t value = 0;
	int error;

	if (session->vm < 0)
		return KVMLOAD_NO_ANSWER;
	error = kvmload_check_extension(session, number, &value);
	return error ? error : value ? 0 : ENXIO;
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
	/* A test creates nothing and leaves fd as it was. */
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
	/* Linux closes the descriptor even if close() fails. */
	session->devices[step->slot].fd = -1;
	return answer(close(fd));
}

/* Puts the low `bits` bits of a value into an integer of `width` bytes, from bit `shift` up, in this machine's byte
 * order. */
static void put(unsigned char *bytes, uint32_t width, uint32_t shift, uint32_t bits, uint64_t value)
{
	const uint64_t mask = (bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX) << shift;
	uint32_t i;

	for (i = 0; i < width; i++) {
		const uint32_t place = 8 * (IS_BIG_ENDIAN ? width - 1 - i : i);
		const unsigned char changed = (unsigned char)(mask >> place);

		bytes[i] = (unsigned char)((bytes[i] & ~changed) | ((value << shift >> place) & changed));
	}
}

/* Returns what a patch puts into its payload. */
static uint64_t patch_value(const struct kvmload_session *session, const unsigned char *payload,
			    const unsigned char *patch)
{
	const uint32_t index = le32(patch + KVMLOAD_PATCH_INDEX), dropped = le32(patch + KVMLOAD_PATCH_DROPPED);

	switch (patch[KVMLOAD_PATCH_SOURCE]) {
	case KVMLOAD_FROM_FILE:
		return (uint32_t)session->files[index];
	case KVMLOAD_FROM_DEVICE:
		return (uint32_t)session->devices[index].fd;
	case KVMLOAD_FROM_PARAMETER:
		return session->parameters[index].value >> dropped;
	case KVMLOAD_FROM_PAYLOAD:
		return (uintptr_t)(payload + index);
	default:
		return session->vcpu >> dropped;
	}
}

/* Whether the low `dropped` bits of a value are zero, and the rest of it fits into `bits` bits. */
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

/* Whether the value of a parameter fits into the bits of a patch. */
static int parameter_fits(const struct kvmload_session *session, const unsigned char *patch, uint32_t index)
{
	struct kvmload_parameter parameter;

	kvmload_get_parameter(session->plan, index, &parameter);
	return fits(session->parameters[index].value, patch[KVMLOAD_PATCH_BITS], le32(patch + KVMLOAD_PATCH_DROPPED),
		    parameter.is_signed);
}

/* Checks the values that a payload holds: descriptors of devices, and what earlier steps have read. Returns 0, or the
 * answer of the step if one is missing or does not fit. */
static int check_patches(const struct kvmload_session *session, const unsigned char *step)
{
	const struct range patches = range(step + KVMLOAD_STEP_PATCHES);
	int answer = 0;
	uint32_t i;

	for (i = 0; i < patches.count; i++) {
		const unsigned char *patch = record(session->plan, KVMLOAD_SECTION_PATCHES, patches.first + i);
		const uint32_t index = le32(patch + KVMLOAD_PATCH_INDEX);

		if (patch[KVMLOAD_PATCH_SOURCE] == KVMLOAD_FROM_DEVICE && session->devices[index].fd < 0)
			return KVMLOAD_NO_ANSWER;
		if (patch[KVMLOAD_PATCH_SOURCE] != KVMLOAD_FROM_PARAMETER)
			continue;
		if (!session->parameters[index].is_set)
			return KVMLOAD_NO_ANSWER;
		if (!parameter_fits(session, patch, index))
			answer = KVMLOAD_UNFIT;
	}
	return answer;
}

/* Stores a value that a call has read, if the step says so. */
static void store(struct kvmload_session *session, const unsigned char *step)
{
	const uint64_t size = le64(step + KVMLOAD_STEP_SIZE);
	const unsigned char *integer = (const unsigned char *)session->payload + (size >> 32);
	struct kvmload_parameter parameter;
	struct kvmload_value *value;
	uint32_t i;

	if (!size)
		return;
	value = &session->parameters[(uint32_t)size - 1];
	kvmload_get_parameter(session->plan, (uint32_t)size - 1, &parameter);
	value->value = 0;
	for (i = 0; i < parameter.size; i++)
		value->value = value->value << 8 | integer[IS_BIG_ENDIAN ? i : parameter.size - 1 - i];
	if (parameter.is_signed && parameter.size < 8 && value->value >> (parameter.size * 8 - 1))
		value->value |= UINT64_MAX << (parameter.size * 8);
	value->is_set = 1;
}

/* Copies the payload of a step to the scratch memory and patches it there. */
static unsigned char *prepare_payload(struct kvmload_session *session, const unsigned char *step)
{
	const struct range bytes = range(step + KVMLOAD_STEP_PAYLOAD), patches = range(step + KVMLOAD_STEP_PATCHES);
	unsigned char *payload = session->scratch + session->scratch_size - bytes.count;
	uint32_t i;

	if (bytes.count)
		memcpy(payload, record(session->plan, KVMLOAD_SECTION_DATA, bytes.first), bytes.count);
	for (i = 0; i < patches.count; i++) {
		const unsigned char *patch = record(session->plan, KVMLOAD_SECTION_PATCHES, patches.first + i);

		put(payload + le32(patch + KVMLOAD_PATCH_OFFSET), patch[KVMLOAD_PATCH_WIDTH],
		    patch[KVMLOAD_PATCH_SHIFT], patch[KVMLOAD_PATCH_BITS], patch_value(session, payload, patch));
	}
	session->payload = payload;
	session->payload_size = bytes.count;
	return payload;
}

/* Makes an attribute call. Most calls of a plan are these, so the record is read directly, without struct
 * kvmload_step. */
static int attribute(struct kvmload_session *session, const unsigned char *step, unsigned long request)
{
	struct kvm_device_attr attr = {
		.flags = le32(step + KVMLOAD_STEP_FLAGS),
		.group = le32(step + KVMLOAD_STEP_NUMBER),
		.attr = le64(step + KVMLOAD_STEP_VALUE),
	};
	const int fd = descriptor(session, step[KVMLOAD_STEP_TARGET], le32(step + KVMLOAD_STEP_SLOT));
	int result = check_patches(session, step);

	if (fd < 0 || result)
		return fd < 0 ? KVMLOAD_NO_ANSWER : result;
	if (step[KVMLOAD_STEP_DATA] == KVMLOAD_BYTES)
		attr.addr = (uintptr_t)prepare_payload(session, step);
	else if (step[KVMLOAD_STEP_DATA] == KVMLOAD_INVALID_POINTER)
		attr.addr = KVMLOAD_INVALID_ADDRESS;
	result = ioctl(fd, REQUEST(request), &attr);
	session->number = result > 0 ? (uint32_t)result : 0;
	if (result >= 0)
		store(session, step);
	return answer(result);
}

/* Makes a call by the number of its request. */
static int request(struct kvmload_session *session, const unsigned char *step)
{
	const int fd = descriptor(session, step[KVMLOAD_STEP_TARGET], le32(step + KVMLOAD_STEP_SLOT));
	const unsigned long number = le32(step + KVMLOAD_STEP_NUMBER);
	struct kvmload_device *device = NULL;
	void *argument = NULL;
	int result = check_patches(session, step);

	if (le32(step + KVMLOAD_STEP_FLAGS) & KVMLOAD_MAKES_DESCRIPTOR)
		device = &session->devices[le64(step + KVMLOAD_STEP_VALUE)];
	if (fd < 0 || (device && device->fd >= 0))
		return KVMLOAD_NO_ANSWER;
	if (result)
		return result;
	if (step[KVMLOAD_STEP_DATA] == KVMLOAD_BYTES)
		argument = prepare_payload(session, step);
	else if (step[KVMLOAD_STEP_DATA] == KVMLOAD_INVALID_POINTER)
		argument = (void *)(uintptr_t)KVMLOAD_INVALID_ADDRESS;
	result = ioctl(fd, REQUEST(number), argument);
	/* A call that answers one of the standard streams made no descriptor, and the session must not close them. */
	if (device && result >= 0 && result <= 2)
		return KVMLOAD_NO_ANSWER;
	if (device)
		device->fd = result;
	else
		session->number = result > 0 ? (uint32_t)result : 0;
	if (result >= 0)
		store(session, step);
	return answer(result);
}

/* Maps the vCPU's struct kvm_run, unless it is mapped already. Returns 0 or an errno. */
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

/* Makes a call that is not an attribute call. */
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
	case KVMLOAD_CHECK_EXTENSION:
		return check_extension(session, step.number);
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
	session->number = 0;
	switch (step[KVMLOAD_STEP_OPERATION]) {
	case KVMLOAD_SET_ATTRIBUTE:
		return attribute(session, step, KVM_SET_DEVICE_ATTR);
	case KVMLOAD_GET_ATTRIBUTE:
		return attribute(session, step, KVM_GET_DEVICE_ATTR);
	case KVMLOAD_HAS_ATTRIBUTE:
		return attribute(session, step, KVM_HAS_DEVICE_ATTR);
	case KVMLOAD_CALL:
		return request(session, step);
	default:
		return other_call(session, index);
	}
}

int kvmload_perform(struct kvmload_session *session, uint32_t index)
{
	return perform(session, index, record(session->plan, KVMLOAD_SECTION_STEPS, index));
}

/* ---- The run ---- */

/* Returns the number of vCPUs that blocks are made for. */
static uint64_t vcpu_count(const struct kvmload_session *session)
{
	return session->plan->vcpu_count ? session->parameters[session->plan->vcpu_count - 1].value : 0;
}

/* Whether a patch has its value, and the value fits. Returns 0 or a fault. */
static int check_value(const struct kvmload_session *session, const unsigned char *patch)
{
	const uint32_t index = le32(patch + KVMLOAD_PATCH_INDEX), dropped = le32(patch + KVMLOAD_PATCH_DROPPED);
	const uint32_t bits = patch[KVMLOAD_PATCH_BITS];
	const uint64_t vcpus = vcpu_count(session);
	struct kvmload_parameter parameter;
	uint64_t value;

	switch (patch[KVMLOAD_PATCH_SOURCE]) {
	case KVMLOAD_FROM_FILE:
		return session->files[index] < 0 ? KVMLOAD_NO_VALUE : 0;
	case KVMLOAD_FROM_PARAMETER:
		kvmload_get_parameter(session->plan, index, &parameter);
		/* What a step reads is there when its turn comes. */
		if (parameter.is_read)
			return 0;
		if (!session->parameters[index].is_set)
			return KVMLOAD_NO_VALUE;
		value = session->parameters[index].value;
		return fits(value, parameter.size * 8, 0, parameter.is_signed) &&
				       fits(value, bits, dropped, parameter.is_signed)
			       ? 0
			       : KVMLOAD_BAD_VALUE;
	case KVMLOAD_FROM_DEVICE:
	case KVMLOAD_FROM_PAYLOAD:
		return 0;
	default:
		return vcpus == 0 || fits(vcpus - 1, bits, dropped, 0) ? 0 : KVMLOAD_BAD_VALUE;
	}
}

int kvmload_ready(const struct kvmload_session *session)
{
	const struct kvmload_plan *plan = session->plan;
	uint32_t i, j;

	if (plan->vcpu_count && !session->parameters[plan->vcpu_count - 1].is_set)
		return KVMLOAD_NO_VALUE;
	if (vcpu_count(session) > session->vcpu_slots)
		return KVMLOAD_BAD_VALUE;
	for (i = 0; i < plan->steps; i++) {
		const struct range patches = range(record(plan, KVMLOAD_SECTION_STEPS, i) + KVMLOAD_STEP_PATCHES);

		for (j = 0; j < patches.count; j++) {
			const unsigned char *patch = record(plan, KVMLOAD_SECTION_PATCHES, patches.first + j);
			const int fault = check_value(session, patch);

			if (fault)
				return fault;
		}
	}
	return 0;
}

static int guards_hold(const struct kvmload_session *session, const unsigned char *step)
{
	const struct range guards = range(step + KVMLOAD_STEP_GUARDS);
	uint32_t i;

	for (i = 0; i < guards.count; i++) {
		const unsigned char *guard = record(session->plan, KVMLOAD_SECTION_GUARDS, guards.first + i);
		const int32_t earlier = session->outcomes[le32(guard + KVMLOAD_GUARD_STEP)].answer;

		if (earlier < 0 || (earlier == 0) != (int)le32(guard + KVMLOAD_GUARD_SUCCEEDED))
			return 0;
	}
	return 1;
}

/* Whether the bytes that a get has read equal the expected ones, in every bit of the mask. */
static int has_expected_value(const struct kvmload_session *session, const unsigned char *step)
{
	const struct range bytes = range(step + KVMLOAD_STEP_COMPARISON);
	const unsigned char *expected = record(session->plan, KVMLOAD_SECTION_DATA, bytes.first);
	const unsigned char *mask = expected + bytes.count;
	const unsigned char *read = session->payload;
	uint32_t i;

	if (session->payload_size < bytes.count)
		return 0;
	for (i = 0; i < bytes.count; i++)
		if ((expected[i] ^ read[i]) & mask[i])
			return 0;
	return 1;
}

/* Whether a call that succeeded answered the number that the step expects, if it expects one. */
static int has_expected_number(const struct kvmload_session *session, const unsigned char *step)
{
	const uint32_t result = le32(step + KVMLOAD_STEP_RESULT);

	return result == 0 || session->number == result - 1;
}

/* Moves to the next step: from the end of a block to its first step, until it has been made for every vCPU. */
static void advance(struct kvmload_session *session, uint32_t index, const unsigned char *step)
{
	const uint32_t length = le32(step + KVMLOAD_STEP_BLOCK);

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

/* Whether a step is in a block, and there is no vCPU to make it for. */
static int block_is_empty(const struct kvmload_session *session, uint32_t index, const unsigned char *step)
{
	return (le32(step + KVMLOAD_STEP_BLOCK) || index < session->block_end) && vcpu_count(session) == 0;
}

/* Whether the caller makes the call of this step. */
static int is_callers(const struct kvmload_session *session, const unsigned char *step)
{
	return session->own >> step[KVMLOAD_STEP_OPERATION] & 1;
}

/* Records the outcome of the current step and moves to the next. Returns the verdict. */
static int finish(struct kvmload_session *session, const unsigned char *step, int answer)
{
	const uint32_t index = session->next;
	struct kvmload_outcome *outcome = &session->outcomes[index];

	outcome->answer = answer;
	if (answer == KVMLOAD_NO_ANSWER)
		outcome->verdict = KVMLOAD_SKIPPED;
	else if (answer < 0 || !expects(session->plan, step, answer))
		outcome->verdict = KVMLOAD_UNEXPECTED;
	else if (answer == 0 && !has_expected_number(session, step))
		outcome->verdict = KVMLOAD_UNEXPECTED;
	else if (answer == 0 && !has_expected_value(session, step))
		outcome->verdict = KVMLOAD_MISMATCH;
	else
		outcome->verdict = KVMLOAD_PASSED;
	if (session->after)
		session->after(session, index, session->context);
	advance(session, index, step);
	return (int)outcome->verdict;
}

/* The same for a call that kvmload did not make. */
static int finish_other(struct kvmload_session *session, int answer)
{
	session->payload = NULL;
	session->payload_size = 0;
	session->number = 0;
	return finish(session, record(session->plan, KVMLOAD_SECTION_STEPS, session->next), answer);
}

int kvmload_run(struct kvmload_session *session)
{
	const int fault = session->next == 0 ? kvmload_ready(session) : 0;

	if (fault)
		return fault;
	while (session->next < session->plan->steps) {
		const uint32_t index = session->next;
		const unsigned char *step = record(session->plan, KVMLOAD_SECTION_STEPS, index);
		enum kvmload_decision decision = KVMLOAD_MAKE;
		int verdict;

		if (!guards_hold(session, step) || block_is_empty(session, index, step))
			decision = KVMLOAD_SKIP;
		if (decision == KVMLOAD_MAKE && is_callers(session, step))
			return KVMLOAD_CALLER;
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
		vcpu->callers = run ? KVMLOAD_CALLERS_FD | KVMLOAD_CALLERS_RUN : KVMLOAD_CALLERS_FD;
	}
	return finish_other(session, answer);
}

void kvmload_skip(struct kvmload_session *session)
{
	finish_other(session, KVMLOAD_NO_ANSWER);
}
