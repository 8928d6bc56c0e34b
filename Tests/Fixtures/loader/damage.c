/* Damages plans in every byte and at every length, and gives them to kvmload. A test builds this with sanitizers.
 *
 * A truncated plan, and one with a changed byte, must be refused. With a repaired checksum a plan may be accepted;
 * then everything in it is read, and it is run without a VM, so that no call is made. */
#include <kvmload.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long refused, accepted, wrong;

static void repair(unsigned char *bytes, size_t size)
{
	const int rotation = KVMLOAD_CHECKSUM_ROTATION;
	uint64_t hash = KVMLOAD_CHECKSUM_SEED;
	size_t i, j;

	memset(bytes + KVMLOAD_HEADER_CHECKSUM, 0, 8);
	for (i = 0; i + 8 <= size; i += 8) {
		uint64_t word = 0;

		for (j = 0; j < 8; j++)
			word |= (uint64_t)bytes[i + j] << (8 * j);
		hash ^= word;
		hash = (hash << rotation | hash >> (64 - rotation)) * KVMLOAD_CHECKSUM_FACTOR;
	}
	for (j = 0; j < 8; j++)
		bytes[KVMLOAD_HEADER_CHECKSUM + j] = (unsigned char)(hash >> (8 * j));
}

static size_t sum(const char *text)
{
	return text ? strlen(text) : 0;
}

/* Reads everything in the plan through the interface. */
static size_t read_all(const struct kvmload_plan *plan)
{
	size_t total = sum(plan->name) + sum(plan->manifest);
	uint32_t i, j;
	int error;

	for (i = 0; i < plan->steps; i++) {
		struct kvmload_step step;
		struct kvmload_label label;

		kvmload_get_step(plan, i, &step);
		for (j = 0; j < step.payload_size; j++)
			total += ((const unsigned char *)step.payload)[j];
		kvmload_get_label(plan, i, &label);
		total += sum(label.target) + sum(label.attribute) + sum(label.key) + sum(label.value) + sum(label.file);
		for (error = 0; error < 134; error++)
			total += sum(kvmload_reason(plan, i, error)) + (size_t)kvmload_expects(plan, i, error) +
				 (size_t)kvmload_expected(plan, i, (uint32_t)error);
	}
	for (i = 0; i < plan->files; i++) {
		struct kvmload_file file;

		kvmload_get_file(plan, i, &file);
		total += sum(file.name) + sum(file.path);
	}
	for (i = 0; i < plan->parameters; i++) {
		struct kvmload_parameter parameter;

		kvmload_get_parameter(plan, i, &parameter);
		total += sum(parameter.name);
	}
	return total;
}

static void *array(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		abort();
	return memory;
}

/* Without a VM every call is skipped; so are the caller's own calls. */
static void run(const struct kvmload_plan *plan, uint32_t own)
{
	const uint32_t vcpus = plan->vcpu_count ? 2 : plan->vcpu_slots;
	struct kvmload_session session = {
		.vcpus = array(vcpus, sizeof(*session.vcpus)),
		.devices = array(plan->device_slots, sizeof(*session.devices)),
		.mappings = array(plan->mapping_slots, sizeof(*session.mappings)),
		.files = array(plan->files, sizeof(*session.files)),
		.parameters = array(plan->parameters, sizeof(*session.parameters)),
		.outcomes = array(plan->steps, sizeof(*session.outcomes)),
		.scratch = array(plan->scratch_size, 1),
		.scratch_size = plan->scratch_size,
		.vcpu_slots = vcpus,
		.device_slots = plan->device_slots,
		.mapping_slots = plan->mapping_slots,
		.file_slots = plan->files,
		.parameter_slots = plan->parameters,
		.outcome_slots = plan->steps,
	};
	int state;
	uint32_t i;

	if (kvmload_begin(&session, plan) == 0) {
		session.own = own;
		for (i = 0; i < plan->parameters; i++)
			session.parameters[i] = (struct kvmload_value){.value = 1, .is_set = 1};
		while ((state = kvmload_run(&session)) == KVMLOAD_CALLER || state == KVMLOAD_FAILED)
			if (state == KVMLOAD_CALLER)
				kvmload_skip(&session);
		kvmload_close(&session);
	}
	free(session.vcpus);
	free(session.devices);
	free(session.mappings);
	free(session.files);
	free(session.parameters);
	free(session.outcomes);
	free(session.scratch);
}

/* Copies the bytes to memory of exactly this size, so that a sanitizer detects every read outside of it. */
static int take(const unsigned char *bytes, size_t size)
{
	unsigned char *own = array(size, 1);
	struct kvmload_plan plan;
	int fault;

	memcpy(own, bytes, size);
	fault = kvmload_check(&plan, own, size);
	if (fault == 0) {
		accepted++;
		if (read_all(&plan) == (size_t)-1)
			abort();
		run(&plan, 0);
		run(&plan, UINT32_MAX);
	} else {
		refused++;
		if (!kvmload_fault_text(fault))
			abort();
	}
	free(own);
	return fault;
}

static void damage(const unsigned char *bytes, size_t size, const char *name)
{
	static const unsigned char values[] = {0x00, 0x01, 0x03, 0x08, 0x7f, 0x80, 0xff};
	unsigned char *copy = array(size, 1);
	size_t i, j;

	if (take(bytes, size) != 0) {
		printf("%s is refused as it is\n", name);
		wrong++;
	}
	for (i = 0; i < size; i++) {
		if (take(bytes, i) == 0) {
			printf("%s: its first %zu bytes are accepted\n", name, i);
			wrong++;
		}
		for (j = 0; j < sizeof(values); j++) {
			if (bytes[i] == values[j])
				continue;
			memcpy(copy, bytes, size);
			copy[i] = values[j];
			if (take(copy, size) == 0) {
				printf("%s: a changed byte %zu is accepted\n", name, i);
				wrong++;
			}
			repair(copy, size);
			take(copy, size);
		}
	}
	free(copy);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		unsigned char *bytes = array(1 << 20, 1);
		size_t size;

		if (!file) {
			perror(argv[i]);
			return 2;
		}
		size = fread(bytes, 1, 1 << 20, file);
		fclose(file);
		damage(bytes, size, argv[i]);
		free(bytes);
	}
	printf("%lu refused, %lu accepted, %lu wrong\n", refused, accepted, wrong);
	return wrong != 0 || refused == 0;
}
