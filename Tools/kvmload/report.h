/* The output of the program kvmload. */
#ifndef REPORT_H
#define REPORT_H

#include "kvmload.h"

/* The counts of a run so far. A step that is made once per vCPU counts once per vCPU. */
struct report {
	int as_json;
	uint32_t steps, passed, failed, skipped;
};

/* Prints the outcome of a step: a line for people, or a JSON object like those of kvmconf's reports. */
void report_step(struct report *report, const struct kvmload_session *session, uint32_t index);

/* Prints the counts; as JSON also the plan's name and the kernel's release. */
void report_summary(const struct report *report, const struct kvmload_plan *plan);

/* Prints a summary of a plan in one line. */
void report_plan(const struct kvmload_plan *plan);

#endif
