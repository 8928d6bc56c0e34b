// A monitor in C++: names every struct of kvmload.h without `struct`, and every function.
#include "kvmload.h"

#include <cstdio>
#include <vector>

namespace
{

// Each name is one of a type.
static_assert(sizeof(kvmload_vcpu) + sizeof(kvmload_device) + sizeof(kvmload_mapping) + sizeof(kvmload_value) +
		      sizeof(kvmload_outcome) > 0, "every struct has a size");

void describe(const kvmload_plan &plan)
{
	for (uint32_t i = 0; i < plan.steps; i++) {
		kvmload_step step;
		kvmload_label label;

		kvmload_get_step(&plan, i, &step);
		kvmload_get_label(&plan, i, &label);
		std::printf("%s %d\n", kvmload_operation_name(step.operation), kvmload_expects(&plan, i, 0));
		std::printf("%s\n", kvmload_reason(&plan, i, 22) ? "a reason" : "no reason");
	}
	for (uint32_t i = 0; i < plan.files; i++) {
		kvmload_file file;

		kvmload_get_file(&plan, i, &file);
	}
	for (uint32_t i = 0; i < plan.parameters; i++) {
		kvmload_parameter parameter;

		kvmload_get_parameter(&plan, i, &parameter);
	}
}

int run(kvmload_session &session, const kvmload_plan &plan)
{
	uint32_t value;
	int error = kvmload_begin(&session, &plan);

	if (error || (error = kvmload_open(&session, "/dev/kvm")) || (error = kvmload_open_file(&session, 0)) ||
	    (error = kvmload_check_extension(&session, 0, &value)) || (error = kvmload_ready(&session)))
		return error;
	error = kvmload_run(&session);
	if (!error)
		error = kvmload_answer(&session, 0, -1, nullptr);
	if (!error)
		error = kvmload_perform(&session, 0);
	kvmload_skip(&session);
	kvmload_close(&session);
	return error;
}

} // namespace

int main(int count, char **arguments)
{
	std::vector<unsigned char> bytes;
	kvmload_plan plan;

	if (count != 2 && count != 3)
		return 2;
	std::FILE *stream = std::fopen(arguments[1], "rb");
	if (!stream)
		return 2;
	for (int byte; (byte = std::getc(stream)) != EOF;)
		bytes.push_back(static_cast<unsigned char>(byte));
	std::fclose(stream);
	if (int fault = kvmload_check(&plan, bytes.data(), bytes.size())) {
		std::printf("%s\n", kvmload_fault_text(fault));
		return 1;
	}
	describe(plan);
	if (count == 2)
		return 0;
	kvmload_session session{};
	return run(session, plan);
}
