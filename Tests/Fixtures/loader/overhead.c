/* Compares the time that kvmload takes for the attribute calls of a plan with the time of hand-written calls.
 *
 * All steps of the plan from the first attribute call on must be attribute calls. Both sides make them in turns, ROUNDS
 * times. Prints the medians and the ratio. */
#include <kvmload.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

enum { ROUNDS = 301 };

static struct kvmload_plan plan;
static struct kvmload_session session;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *array(size_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}

static uint32_t first_call(void)
{
	struct kvmload_step step;
	uint32_t i;

	for (i = 0; i < plan.steps; i++) {
		kvmload_get_step(&plan, i, &step);
		if (step.operation >= KVMLOAD_SET_ATTRIBUTE && step.operation <= KVMLOAD_HAS_ATTRIBUTE)
			break;
	}
	return i;
}

static enum kvmload_decision stop_at_calls(struct kvmload_session *own, uint32_t index, void *context)
{
	(void)own;
	return index == *(uint32_t *)context ? KVMLOAD_STOP : KVMLOAD_MAKE;
}

static void prepare(uint32_t *first)
{
	kvmload_begin(&session, &plan);
	if (kvmload_open(&session, NULL))
		exit(69);
	session.before = stop_at_calls;
	session.context = first;
	if (kvmload_run(&session) != KVMLOAD_STOPPED)
		exit(2);
	session.before = NULL;
}

/* The calls as written by hand: fill in the struct, point it to the value, make the call and check the answer. */
static unsigned long by_hand(const struct kvmload_step *steps, uint32_t count, unsigned char *value)
{
	unsigned long failed = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct kvm_device_attr attr = {.flags = 0, .group = steps[i].number, .attr = steps[i].value};
		const int fd = steps[i].target == KVMLOAD_VCPU ? session.vcpus[steps[i].slot].fd
							       : session.devices[steps[i].slot].fd;
		unsigned long request = steps[i].operation == KVMLOAD_SET_ATTRIBUTE   ? KVM_SET_DEVICE_ATTR
					: steps[i].operation == KVMLOAD_GET_ATTRIBUTE ? KVM_GET_DEVICE_ATTR
										      : KVM_HAS_DEVICE_ATTR;

		if (steps[i].payload_size) {
			memcpy(value, steps[i].payload, steps[i].payload_size);
			attr.addr = (uintptr_t)value;
		}
		if (ioctl(fd, request, &attr) < 0)
			failed++;
	}
	return failed;
}

static int compare(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(double *times)
{
	qsort(times, ROUNDS, sizeof(*times), compare);
	return times[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	static unsigned char bytes[1 << 20];
	static double loaded[ROUNDS], written[ROUNDS], ratios[ROUNDS];
	struct kvmload_step *steps;
	uint32_t first, count, i;
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (!file || kvmload_check(&plan, bytes, fread(bytes, 1, sizeof(bytes), file)))
		return 64;
	first = first_call();
	count = plan.steps - first;
	steps = array(count, sizeof(*steps));
	for (i = 0; i < count; i++)
		kvmload_get_step(&plan, first + i, &steps[i]);
	session = (struct kvmload_session){
		.vcpus = array(plan.vcpu_slots, sizeof(*session.vcpus)),
		.devices = array(plan.device_slots, sizeof(*session.devices)),
		.mappings = array(plan.mapping_slots, sizeof(*session.mappings)),
		.files = array(plan.files, sizeof(*session.files)),
		.parameters = array(plan.parameters, sizeof(*session.parameters)),
		.outcomes = array(plan.steps, sizeof(*session.outcomes)),
		.scratch = array(plan.scratch_size, 1),
		.scratch_size = plan.scratch_size,
		.vcpu_slots = plan.vcpu_slots,
		.device_slots = plan.device_slots,
		.mapping_slots = plan.mapping_slots,
		.file_slots = plan.files,
		.parameter_slots = plan.parameters,
		.outcome_slots = plan.steps,
	};
	prepare(&first);
	for (i = 0; i < ROUNDS; i++) {
		double start = seconds(), middle;

		session.next = first;
		if (kvmload_run(&session) != KVMLOAD_FINISHED)
			return 1;
		middle = seconds();
		if (by_hand(steps, count, session.scratch))
			return 1;
		written[i] = seconds() - middle;
		loaded[i] = middle - start;
		ratios[i] = loaded[i] / written[i];
	}
	kvmload_close(&session);
	printf("%u calls: kvmload %.1f us, by hand %.1f us, ratio %.3f (medians of %d)\n", count, median(loaded) * 1e6,
	       median(written) * 1e6, median(ratios), ROUNDS);
	return 0;
}
