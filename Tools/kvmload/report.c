#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* The errnos that KVM and its callers can return. Linux numbers them alike on all architectures with KVM. */
static const char *const errno_names[] = {
	[0] = "ok",
	[1] = "EPERM", [2] = "ENOENT", [3] = "ESRCH", [4] = "EINTR", [5] = "EIO", [6] = "ENXIO", [7] = "E2BIG",
	[8] = "ENOEXEC", [9] = "EBADF", [10] = "ECHILD", [11] = "EAGAIN", [12] = "ENOMEM", [13] = "EACCES",
	[14] = "EFAULT", [15] = "ENOTBLK", [16] = "EBUSY", [17] = "EEXIST", [18] = "EXDEV", [19] = "ENODEV",
	[20] = "ENOTDIR", [21] = "EISDIR", [22] = "EINVAL", [23] = "ENFILE", [24] = "EMFILE", [25] = "ENOTTY",
	[26] = "ETXTBSY", [27] = "EFBIG", [28] = "ENOSPC", [29] = "ESPIPE", [30] = "EROFS", [31] = "EMLINK",
	[32] = "EPIPE", [33] = "EDOM", [34] = "ERANGE", [35] = "EDEADLK", [36] = "ENAMETOOLONG", [37] = "ENOLCK",
	[38] = "ENOSYS", [39] = "ENOTEMPTY", [40] = "ELOOP", [61] = "ENODATA", [62] = "ETIME", [67] = "ENOLINK",
	[71] = "EPROTO", [74] = "EBADMSG", [75] = "EOVERFLOW", [77] = "EBADFD", [84] = "EILSEQ", [88] = "ENOTSOCK",
	[91] = "EPROTOTYPE", [93] = "EPROTONOSUPPORT", [95] = "EOPNOTSUPP", [98] = "EADDRINUSE",
	[99] = "EADDRNOTAVAIL", [105] = "ENOBUFS", [106] = "EISCONN", [107] = "ENOTCONN", [110] = "ETIMEDOUT",
	[111] = "ECONNREFUSED", [113] = "EHOSTUNREACH", [114] = "EALREADY", [115] = "EINPROGRESS", [116] = "ESTALE",
	[121] = "EREMOTEIO", [122] = "EDQUOT", [125] = "ECANCELED", [130] = "EOWNERDEAD", [131] = "ENOTRECOVERABLE",
	[133] = "EHWPOISON",
};

enum { ERRNO_NAMES = sizeof(errno_names) / sizeof(errno_names[0]) };

static void print_answer(int32_t answer)
{
	if (answer >= 0 && answer < ERRNO_NAMES && errno_names[answer])
		fputs(errno_names[answer], stdout);
	else if (answer < 0)
		fputs(answer == KVMLOAD_UNFIT ? "unfit" : "skipped", stdout);
	else
		printf("errno %" PRId32, answer);
}

static void print_hexadecimal(const unsigned char *bytes, uint32_t size)
{
	uint32_t i;

	for (i = 0; i < size; i++)
		printf("%02x", bytes[i]);
}

/* Prints a text from a plan, escaped: the plan must not be able to control the terminal, or to end a JSON string. */
static void print_text(const char *text)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
}

static void print_member(const char *name, const char *text)
{
	printf(",\"%s\":\"", name);
	print_text(text);
	putchar('"');
}

/* Prints the target of a step. In a plan the target of a step that is made once per vCPU is `vcpu.*`. */
static void print_target(const struct kvmload_session *session, const struct kvmload_label *label)
{
	if (strcmp(label->target, "vcpu.*") == 0)
		printf("vcpu.%" PRIu32, session->vcpu);
	else
		print_text(label->target);
}

static int is_attribute_call(uint32_t operation)
{
	return operation >= KVMLOAD_SET_ATTRIBUTE && operation <= KVMLOAD_HAS_ATTRIBUTE;
}

/* Whether a get has succeeded, so that there is a value to print. */
static int has_value(const struct kvmload_session *session, uint32_t index, const struct kvmload_step *step)
{
	const int reads = step->operation == KVMLOAD_GET_ATTRIBUTE ||
			  (step->operation == KVMLOAD_CALL && step->flags & KVMLOAD_WRITES_PAYLOAD);

	return reads && session->outcomes[index].answer == 0 && session->payload;
}

/* The largest errno that a system call of Linux can return. */
enum { MAX_ERRNO = 4095 };

static void print_expected(const struct kvmload_plan *plan, uint32_t index, const struct kvmload_step *step)
{
	unsigned char is_expected[MAX_ERRNO + 1] = {0};
	const char *separator = "";
	uint32_t which;
	int32_t answer;

	/* A plan can list an answer many times. */
	for (which = 0; (answer = kvmload_expected(plan, index, which)) >= 0; which++)
		if (answer <= MAX_ERRNO)
			is_expected[answer] = 1;
	for (answer = 0; answer <= MAX_ERRNO; answer++) {
		if (!is_expected[answer])
			continue;
		printf("%s\"", separator);
		if (answer == 0 && step->result)
			printf("%" PRIu32, step->result - 1);
		else
			print_answer(answer);
		putchar('"');
		separator = ",";
	}
}

static void report_json(const struct kvmload_session *session, uint32_t number, uint32_t index,
			const struct kvmload_step *step, const struct kvmload_label *label, const char *reason)
{
	const struct kvmload_outcome *outcome = &session->outcomes[index];

	printf("{\"index\":%" PRIu32 ",\"operation\":\"%s\"", number, kvmload_operation_name(step->operation));
	if (label->target) {
		fputs(",\"target\":\"", stdout);
		print_target(session, label);
		putchar('"');
	}
	if (label->attribute)
		print_member("attribute", label->attribute);
	if (label->key)
		print_member("key", label->key);
	if (step->operation == KVMLOAD_CALL && label->value)
		print_member("argument", label->value);
	if (is_attribute_call(step->operation))
		printf(",\"group\":%" PRIu32 ",\"attr\":%" PRIu64, step->number, step->value);
	if (label->file) {
		fputs(",\"at\":{\"file\":\"", stdout);
		print_text(label->file);
		printf("\",\"line\":%" PRIu32 ",\"column\":%" PRIu32 "}", label->line, label->column);
	}
	fputs(",\"outcome\":\"", stdout);
	print_answer(outcome->answer);
	putchar('"');
	if (outcome->answer == 0 && session->number)
		printf(",\"number\":%" PRIu32, session->number);
	fputs(",\"expected\":[", stdout);
	print_expected(session->plan, index, step);
	putchar(']');
	if (outcome->verdict != KVMLOAD_SKIPPED)
		printf(",\"pass\":%s", outcome->verdict == KVMLOAD_PASSED ? "true" : "false");
	if (has_value(session, index, step)) {
		fputs(",\"value\":\"", stdout);
		print_hexadecimal(session->payload, session->payload_size);
		putchar('"');
	}
	if (reason)
		print_member("reason", reason);
	puts("}");
}

static void report_text(const struct kvmload_session *session, uint32_t number, uint32_t index,
			const struct kvmload_step *step, const struct kvmload_label *label, const char *reason)
{
	static const char *const marks[] = {
		[KVMLOAD_PENDING] = "?", [KVMLOAD_PASSED] = "ok  ", [KVMLOAD_UNEXPECTED] = "FAIL",
		[KVMLOAD_MISMATCH] = "FAIL", [KVMLOAD_SKIPPED] = "-   ",
	};
	const struct kvmload_outcome *outcome = &session->outcomes[index];
	const int has_failed = outcome->verdict == KVMLOAD_UNEXPECTED || outcome->verdict == KVMLOAD_MISMATCH;

	printf("%s %3" PRIu32 "  %s", marks[outcome->verdict], number, kvmload_operation_name(step->operation));
	if (label->target) {
		putchar(' ');
		print_target(session, label);
	}
	if (label->attribute) {
		putchar('.');
		print_text(label->attribute);
		if (label->key) {
			putchar('[');
			print_text(label->key);
			putchar(']');
		}
		if (step->operation == KVMLOAD_CALL && label->value) {
			putchar(' ');
			print_text(label->value);
		}
	} else if (is_attribute_call(step->operation)) {
		printf(" group %" PRIu32 " attr %" PRIu64, step->number, step->value);
	}
	fputs(": ", stdout);
	if (outcome->answer == 0 && (session->number || step->result))
		printf("%" PRIu32, session->number);
	else
		print_answer(outcome->answer);
	if (outcome->verdict == KVMLOAD_PASSED && outcome->answer > 0)
		fputs(", as expected", stdout);
	if (has_value(session, index, step)) {
		fputs(", read ", stdout);
		print_hexadecimal(session->payload, session->payload_size);
	}
	if (outcome->verdict == KVMLOAD_MISMATCH)
		fputs(", which is not the expected value", stdout);
	if (outcome->answer == KVMLOAD_UNFIT)
		fputs(": a value that an earlier step read does not fit here", stdout);
	putchar('\n');
	if (has_failed && label->file) {
		fputs("           ", stdout);
		print_text(label->file);
		printf(":%" PRIu32 ":%" PRIu32 "%s", label->line, label->column, reason ? ": " : "\n");
	}
	if (has_failed && reason) {
		if (!label->file)
			fputs("           ", stdout);
		print_text(reason);
		putchar('\n');
	}
}

void report_step(struct report *report, const struct kvmload_session *session, uint32_t index)
{
	const struct kvmload_outcome *outcome = &session->outcomes[index];
	const char *reason = kvmload_reason(session->plan, index, outcome->answer);
	struct kvmload_step step;
	struct kvmload_label label;

	report->steps++;
	report->passed += outcome->verdict == KVMLOAD_PASSED;
	report->skipped += outcome->verdict == KVMLOAD_SKIPPED;
	report->failed += outcome->verdict == KVMLOAD_UNEXPECTED || outcome->verdict == KVMLOAD_MISMATCH;
	kvmload_get_step(session->plan, index, &step);
	kvmload_get_label(session->plan, index, &label);
	if (report->as_json)
		report_json(session, report->steps, index, &step, &label, reason);
	else
		report_text(session, report->steps, index, &step, &label, reason);
}

void report_summary(const struct report *report, const struct kvmload_plan *plan)
{
	struct utsname host;

	if (!report->as_json) {
		printf("%" PRIu32 " steps: %" PRIu32 " passed, %" PRIu32 " failed, %" PRIu32 " skipped\n", report->steps,
		       report->passed, report->failed, report->skipped);
		return;
	}
	printf("{\"summary\":{\"steps\":%" PRIu32 ",\"passed\":%" PRIu32 ",\"failed\":%" PRIu32 ",\"skipped\":%" PRIu32 "}",
	       report->steps, report->passed, report->failed, report->skipped);
	print_member("name", plan->name);
	if (uname(&host) == 0)
		print_member("release", host.release);
	puts("}");
}

void report_plan(const struct kvmload_plan *plan)
{
	static const char *const architectures[] = {
		[KVMLOAD_ARM64] = "arm64", [KVMLOAD_X86_64] = "x86_64", [KVMLOAD_RISCV64] = "riscv64",
		[KVMLOAD_PPC64] = "ppc64", [KVMLOAD_S390X] = "s390x", [KVMLOAD_LOONGARCH64] = "loongarch64",
		[KVMLOAD_PPC] = "ppc",
	};

	print_text(plan->name);
	printf(": %s, %" PRIu32 " steps, %" PRIu32 " parameters, %" PRIu32 " files\n", architectures[plan->architecture],
	       plan->steps, plan->parameters, plan->files);
}
