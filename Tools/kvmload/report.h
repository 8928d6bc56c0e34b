/* What the program kvmload prints. */
#ifndef REPORT_H
#define REPORT_H

#include "kvmload.h"

/* Prints a step that has had its turn: a line for people, or a JSON object in the words of kvmconf's reports. */
void report_step(const struct kvmload_session *session, uint32_t index, int as_json);

/* Prints how many steps there were, and how they went. */
void report_summary(const struct kvmload_session *session, int as_json);

/* Prints what a plan is, in a line. */
void report_plan(const struct kvmload_plan *plan);

#endif
