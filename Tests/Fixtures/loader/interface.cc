// Uses every struct and every function of kvmload.h from C++, without the word `struct`. Built and run by a test, which
// also checks that it uses all of them.
//
// The plan only creates a VM. This program does not make the call, but reports it as refused.
#include <kvmload.h>

#include <cerrno>
#include <cstdio>
#include <vector>

namespace {

int outcomes_reported;

kvmload_decision before(kvmload_session *, uint32_t, void *) {
  return KVMLOAD_MAKE;
}

void after(kvmload_session *, uint32_t, void *) {
  outcomes_reported++;
}

bool is_readable(const kvmload_plan &plan) {
  kvmload_step step;
  kvmload_label label;
  kvmload_get_step(&plan, 0, &step);
  kvmload_get_label(&plan, 0, &label);
  for (uint32_t i = 0; i < plan.files; i++) {
    kvmload_file file;
    kvmload_get_file(&plan, i, &file);
  }
  for (uint32_t i = 0; i < plan.parameters; i++) {
    kvmload_parameter parameter;
    kvmload_get_parameter(&plan, i, &parameter);
  }
  kvmload_reason(&plan, 0, EPERM);
  return step.operation == KVMLOAD_CREATE_VM && label.target != nullptr && kvmload_expects(&plan, 0, 0) &&
         kvmload_operation_name(step.operation) != nullptr;
}

bool runs(const kvmload_plan &plan) {
  kvmload_vcpu vcpu;
  kvmload_device device;
  kvmload_mapping mapping;
  kvmload_value value;
  kvmload_outcome outcome;
  int file;
  kvmload_session session = kvmload_session();
  uint32_t extension;

  session.vcpus = &vcpu;
  session.devices = &device;
  session.mappings = &mapping;
  session.files = &file;
  session.parameters = &value;
  session.outcomes = &outcome;
  session.outcome_slots = 1;
  if (kvmload_begin(&session, &plan) != 0 || kvmload_open(&session, "/dev/null") != ENOTTY)
    return false;
  session.own = KVMLOAD_OWN_VM;
  session.before = before;
  session.after = after;
  for (uint32_t i = 0; i < plan.files; i++)
    kvmload_open_file(&session, i);
  if (kvmload_ready(&session) != 0 || kvmload_check_extension(&session, 0, &extension) != KVMLOAD_NO_ANSWER ||
      kvmload_perform(&session, 0) != KVMLOAD_NO_ANSWER)
    return false;
  if (kvmload_run(&session) != KVMLOAD_CALLER || kvmload_answer(&session, EPERM, -1, nullptr) != KVMLOAD_UNEXPECTED)
    return false;
  session.next = 0;
  kvmload_skip(&session);
  const bool is_finished = kvmload_run(&session) == KVMLOAD_FINISHED && outcome.verdict == KVMLOAD_SKIPPED;
  kvmload_close(&session);
  return is_finished && outcomes_reported == 2;
}

}  // namespace

int main(int argc, char **argv) {
  std::vector<unsigned char> bytes(1 << 16);
  std::FILE *file = argc == 2 ? std::fopen(argv[1], "rb") : nullptr;
  kvmload_plan plan;

  if (!file)
    return 2;
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  const int fault = kvmload_check(&plan, bytes.data(), bytes.size());
  if (fault) {
    std::puts(kvmload_fault_text(fault));
    return 1;
  }
  return is_readable(plan) && runs(plan) ? 0 : 1;
}
