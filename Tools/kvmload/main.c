/* kvmload: runs a compiled plan on /dev/kvm and prints the outcome of each step.
 *
 * A static program for places where kvmconf itself does not run: an initramfs, a rescue image, a small board. */
#define _GNU_SOURCE

#include "kvmload.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The exit statuses are those of kvmconf. */
enum status {
	SUCCESS = 0, FAILURE = 1, USAGE = 64, NO_INPUT = 66, UNAVAILABLE = 69, CANNOT_WRITE = 73, INTERRUPTED = 130
};

static const char usage[] =
	"usage: kvmload [options] FILE\n"
	"\n"
	"Runs a plan that kvmconf compiled on /dev/kvm, and prints the outcome of each step.\n"
	"\n"
	"  -c, --check             check the file without making any call\n"
	"  -j, --json              print one JSON object per step, and a summary\n"
	"  -k, --keep-going        go on after a failing step, with the state as it is\n"
	"  -s, --set NAME=VALUE    set a parameter of the plan\n"
	"      --kvm PATH          open PATH instead of /dev/kvm\n"
	"  -h, --help              print this help\n"
	"  -V, --version           print the versions of the program and of the format\n"
	"\n"
	"exit status: 0 success, 1 bad plan or unexpected outcome, 64 wrong usage, 66 the file cannot be read,\n"
	"69 no usable /dev/kvm, or a plan for a different architecture, 73 standard output cannot be written\n";

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static int complain(int status, const char *what, const char *why)
{
	fprintf(stderr, "kvmload: %s: %s\n", what, why);
	return status;
}

/* The exit status of a program whose results are on standard output. */
static int printed(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return complain(CANNOT_WRITE, "standard output", strerror(errno));
	return status;
}

/* kvmconf refuses larger plans too. */
enum { MOST_BYTES = 64 << 20 };

/* Reads a whole regular file into memory of this process, so that the plan cannot change after it was checked. Sets its
 * size. Returns NULL and sets errno if it cannot be read; EINVAL if it is not a regular file. */
static unsigned char *read_file(const char *path, size_t *size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *bytes = NULL;
	struct stat info;
	size_t done = 0;
	int error = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &info))
		error = errno;
	else if (S_ISDIR(info.st_mode))
		error = EISDIR;
	else if (!S_ISREG(info.st_mode))
		error = EINVAL;
	else if (info.st_size > MOST_BYTES)
		error = EFBIG;
	else if (!(bytes = malloc(info.st_size ? (size_t)info.st_size : 1)))
		error = ENOMEM;
	while (!error && done < (size_t)info.st_size) {
		const ssize_t count = read(fd, bytes + done, (size_t)info.st_size - done);

		if (count < 0 && errno != EINTR)
			error = errno;
		if (count == 0)
			break; /* The file has become shorter, which the check of the plan's size finds. */
		if (count > 0)
			done += (size_t)count;
	}
	close(fd);
	if (error) {
		free(bytes);
		errno = error;
		return NULL;
	}
	*size = done;
	return bytes;
}

/* Allocates memory that ends at an inaccessible page: the kernel cannot read or write beyond the end of a payload. */
static unsigned char *guarded(size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t room = (size + page - 1) / page * page;
	unsigned char *base = mmap(NULL, room + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED || (room && mprotect(base, room, PROT_READ | PROT_WRITE)))
		return NULL;
	return base + room - size;
}

/* Gives the session as much room as the plan needs. Returns whether there is enough memory. */
static int make_room(struct kvmload_session *session, const struct kvmload_plan *plan)
{
	const uint32_t vcpus = plan->vcpu_count ? KVMLOAD_MAX_VCPUS : plan->vcpu_slots;

	*session = (struct kvmload_session){
		.vcpus = calloc(vcpus + 1, sizeof(*session->vcpus)),
		.devices = calloc(plan->device_slots + 1, sizeof(*session->devices)),
		.mappings = calloc(plan->mapping_slots + 1, sizeof(*session->mappings)),
		.files = calloc(plan->files + 1, sizeof(*session->files)),
		.parameters = calloc(plan->parameters + 1, sizeof(*session->parameters)),
		.outcomes = calloc((size_t)plan->steps + 1, sizeof(*session->outcomes)),
		.scratch = guarded(plan->scratch_size),
		.scratch_size = plan->scratch_size,
		.vcpu_slots = vcpus,
		.device_slots = plan->device_slots,
		.mapping_slots = plan->mapping_slots,
		.file_slots = plan->files,
		.parameter_slots = plan->parameters,
		.outcome_slots = plan->steps,
	};
	return session->vcpus && session->devices && session->mappings && session->files && session->parameters &&
	       session->outcomes && session->scratch;
}

/* Sets a parameter from NAME=VALUE. The value is decimal, hexadecimal after 0x or octal after 0, and can be negative if
 * the parameter is signed. Returns an exit status. */
static int set_parameter(struct kvmload_session *session, const char *setting)
{
	const struct kvmload_plan *plan = session->plan;
	const char *sign = strchr(setting, '=');
	uint32_t i;

	if (!sign)
		return complain(USAGE, setting, "--set takes NAME=VALUE");
	for (i = 0; i < plan->parameters; i++) {
		struct kvmload_parameter parameter;
		uint64_t value;
		char *end;

		kvmload_get_parameter(plan, i, &parameter);
		if (strlen(parameter.name) != (size_t)(sign - setting) ||
		    memcmp(parameter.name, setting, (size_t)(sign - setting)) != 0)
			continue;
		if (parameter.is_read)
			return complain(USAGE, setting, "a step of the plan reads this value");
		errno = 0;
		value = sign[1] == '-' && parameter.is_signed ? (uint64_t)strtoll(sign + 1, &end, 0)
							      : strtoull(sign + 1, &end, 0);
		if (errno || end == sign + 1 || *end || (sign[1] == '-' && !parameter.is_signed))
			return complain(USAGE, setting, "the value is not an integer, or out of range");
		session->parameters[i] = (struct kvmload_value){.value = value, .is_set = 1};
		return SUCCESS;
	}
	return complain(USAGE, setting, "the plan has no such parameter");
}

/* Whether every parameter has a value; complains about those that have none. */
static int has_values(const struct kvmload_session *session)
{
	uint32_t i;
	int good = 1;

	for (i = 0; i < session->plan->parameters; i++) {
		struct kvmload_parameter parameter;

		kvmload_get_parameter(session->plan, i, &parameter);
		if (parameter.is_read || session->parameters[i].is_set)
			continue;
		complain(FAILURE, parameter.name, "this parameter has no value; give it with --set NAME=VALUE");
		good = 0;
	}
	return good;
}

static int open_all(struct kvmload_session *session, const char *kvm)
{
	const int error = kvmload_open(session, kvm);
	uint32_t i;

	if (error)
		return complain(UNAVAILABLE, kvm ? kvm : "/dev/kvm",
				error == ENOTTY ? "not KVM's device" : strerror(error));
	for (i = 0; i < session->plan->files; i++) {
		const int refusal = kvmload_open_file(session, i);
		struct kvmload_file file;

		kvmload_get_file(session->plan, i, &file);
		if (refusal)
			return complain(NO_INPUT, file.path, strerror(refusal));
	}
	return SUCCESS;
}

static enum kvmload_decision before_step(struct kvmload_session *session, uint32_t index, void *context)
{
	(void)session;
	(void)index;
	(void)context;
	return interrupted ? KVMLOAD_STOP : KVMLOAD_MAKE;
}

static void after_step(struct kvmload_session *session, uint32_t index, void *context)
{
	report_step(context, session, index);
}

static int run(struct kvmload_session *session, int as_json, int keeps_going)
{
	struct report report = {.as_json = as_json};
	int state;

	session->before = before_step;
	session->after = after_step;
	session->context = &report;
	do
		state = kvmload_run(session);
	while (state == KVMLOAD_FAILED && keeps_going);
	if (state < 0)
		return complain(FAILURE, session->plan->manifest, kvmload_fault_text(state));
	while (session->next < session->plan->steps)
		kvmload_skip(session);
	report_summary(&report, session->plan);
	return printed(state == KVMLOAD_STOPPED ? INTERRUPTED : report.failed ? FAILURE : SUCCESS);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"check", no_argument, NULL, 'c'},	{"json", no_argument, NULL, 'j'},
		{"keep-going", no_argument, NULL, 'k'}, {"set", required_argument, NULL, 's'},
		{"kvm", required_argument, NULL, 'K'},	{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},	{NULL, 0, NULL, 0},
	};
	int checks_only = 0, as_json = 0, keeps_going = 0, option, status, fault, i, settings = 0;
	const char *kvm = NULL;
	struct kvmload_session session;
	struct kvmload_plan plan;
	const void *bytes;
	size_t size = 0;

	while ((option = getopt_long(argc, argv, "cjks:hV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			checks_only = 1;
			break;
		case 'j':
			as_json = 1;
			break;
		case 'k':
			keeps_going = 1;
			break;
		case 's':
			/* Kept at the front of argv until there is a plan to look them up in. */
			argv[settings++] = optarg;
			break;
		case 'K':
			kvm = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return printed(SUCCESS);
		case 'V':
			printf("kvmload 0.1.0, plans of version %d\n", KVMLOAD_VERSION);
			return printed(SUCCESS);
		default:
			fputs("Try kvmload --help.\n", stderr);
			return USAGE;
		}
	}
	if (argc - optind != 1) {
		fputs(usage, stderr);
		return USAGE;
	}

	bytes = read_file(argv[optind], &size);
	if (!bytes)
		return complain(NO_INPUT, argv[optind], errno == EINVAL ? "not a regular file" : strerror(errno));
	fault = kvmload_check(&plan, bytes, size);
	if (fault)
		return complain(FAILURE, argv[optind], kvmload_fault_text(fault));
	if (checks_only) {
		report_plan(&plan);
		return printed(SUCCESS);
	}
	if (!make_room(&session, &plan))
		return complain(FAILURE, argv[optind], strerror(ENOMEM));
	fault = kvmload_begin(&session, &plan);
	if (fault)
		return complain(UNAVAILABLE, argv[optind], kvmload_fault_text(fault));
	for (i = 0; i < settings; i++) {
		status = set_parameter(&session, argv[i]);
		if (status)
			return status;
	}
	if (!has_values(&session))
		return FAILURE;

	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	signal(SIGPIPE, SIG_IGN);
	status = open_all(&session, kvm);
	if (!status)
		status = run(&session, as_json, keeps_going);
	kvmload_close(&session);
	return status;
}
