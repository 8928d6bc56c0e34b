/* What the program kvmload prints. */
#ifndef REPORT_H
#define REPORT_H

#include "kvmload.h"

/* How the run went so far. A step that is made for each vCPU counts once for each. */
struct report {
	int as_json;
	uint32_t steps, passed, failed, skipped;
};

/* Prints a step that has had its turn: a line for people, or a JSON object in the words of kvmconf's reports. */
void report_step(struct report *report, const struct kvmload_session *session, uint32_t index);

/* Prints how many steps there were, and how they went; as JSON also of which plan, and on which kernel. */
void report_summary(const struct report *report, const struct kvmload_plan *plan);

/* Prints what a plan is, in a line. */
void report_plan(const struct kvmload_plan *plan);

#endif
