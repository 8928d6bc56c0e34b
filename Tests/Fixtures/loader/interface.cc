// Uses every struct and every function of kvmload.h from C++, without the word `struct`. Built and run by a test, which
// also checks that it uses all of them.
//
// The plan creates a VM and a device, and passes a file, which does not exist, and a parameter to it. This program
// supplies another file, and reports the creation of the VM as refused, so that all other steps are skipped.
#include <kvmload.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string>
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
  if (plan.steps != 4 || plan.files != 1 || plan.parameters != 1)
    return false;
  kvmload_file file;
  kvmload_get_file(&plan, 0, &file);
  kvmload_parameter parameter;
  kvmload_get_parameter(&plan, 0, &parameter);
  if (file.name != std::string("gpu") || file.path != std::string("/dev/vfio/none") || parameter.name != std::string("n") ||
      parameter.size != 4 || !parameter.has_value || parameter.value != 3)
    return false;
  kvmload_reason(&plan, 0, EPERM);
  return step.operation == KVMLOAD_CREATE_VM && label.target != nullptr && kvmload_expects(&plan, 0, 0) && kvmload_expected(&plan, 0, 0) == 0 &&
         kvmload_operation_name(step.operation) != nullptr;
}

bool runs(const kvmload_plan &plan) {
  kvmload_vcpu vcpu;
  kvmload_device device;
  kvmload_mapping mapping;
  kvmload_value value;
  kvmload_outcome outcomes[4];
  std::vector<unsigned char> scratch(plan.scratch_size);
  int file;
  kvmload_session session = kvmload_session();
  uint32_t extension;

  session.vcpus = &vcpu;
  session.devices = &device;
  session.mappings = &mapping;
  session.files = &file;
  session.parameters = &value;
  session.outcomes = outcomes;
  session.scratch = scratch.data();
  session.scratch_size = scratch.size();
  session.device_slots = session.file_slots = session.parameter_slots = 1;
  session.outcome_slots = plan.steps;
  if (kvmload_begin(&session, &plan) != 0 || kvmload_open(&session, "/dev/null") != ENOTTY)
    return false;
  session.own = KVMLOAD_OWN_VM;
  session.before = before;
  session.after = after;
  if (kvmload_open_file(&session, 0) == 0 || kvmload_ready(&session) != KVMLOAD_NO_VALUE)
    return false;
  file = open("/dev/null", O_RDONLY);
  if (kvmload_ready(&session) != 0 || kvmload_check_extension(&session, 0, &extension) != KVMLOAD_NO_ANSWER ||
      kvmload_perform(&session, 0) != KVMLOAD_NO_ANSWER)
    return false;
  if (kvmload_run(&session) != KVMLOAD_CALLER || kvmload_answer(&session, EPERM, -1, nullptr) != KVMLOAD_UNEXPECTED)
    return false;
  session.next = 0;
  kvmload_skip(&session);
  const bool is_finished = kvmload_run(&session) == KVMLOAD_FINISHED && outcomes[0].verdict == KVMLOAD_SKIPPED;
  kvmload_close(&session);
  return is_finished && outcomes[3].verdict == KVMLOAD_SKIPPED && outcomes_reported == 5;
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
