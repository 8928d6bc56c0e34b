import DevicePlan
import Diagnostics
import Glibc
import Kernel
import Testing
import Vocabulary

extension OneAtATime {
  @Suite struct KernelHostTests {
    @Test func anotherArchitectureIsRefusedBeforeAnythingIsOpened() {
      let unavailable = refusal(of: plan([], .arm64), path: "/no/such/kvm", architecture: .x86_64)
      #expect(unavailable?.kind == .unavailable)
      #expect(unavailable?.diagnostics.map(\.id) == ["other-architecture"])
      #expect(
        unavailable?.diagnostics[0].message
          == "this manifest is for arm64 and this host is x86_64; `--on model` rehearses it")
      #expect(refusal(of: plan([], .arm64), architecture: nil)?.diagnostics.map(\.id) == ["other-architecture"])
    }

    @Test func missingKVMIsExplained() {
      let unavailable = refusal(of: plan([], .x86_64), path: "/no/such/kvm", architecture: .x86_64)
      #expect(unavailable?.kind == .unavailable)
      #expect(unavailable?.diagnostics.map(\.id) == ["no-kvm"])
      let message = unavailable?.diagnostics[0].message
      #expect(message?.hasPrefix("there is no /no/such/kvm: load the module kvm_intel or kvm_amd") == true)
    }

    @Test func fileThatIsNotKVMIsExplained() {
      let unavailable = refusal(of: plan([]), path: "/dev/null")
      #expect(unavailable?.diagnostics.map(\.id) == ["no-kvm"])
      #expect(unavailable?.diagnostics.map(\.message) == ["/dev/null is not KVM's device; it should be /dev/kvm"])
    }

    private func refusal(
      of plan: Plan, path: String = "/dev/kvm", architecture: Architecture? = .host
    ) -> DiagnosticsError? {
      do {
        _ = try KernelHost(plan, path: path, architecture: architecture)
        return nil
      } catch { return error }
    }
  }
}

extension OneAtATime {
  @Suite(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
  struct AnyKernelTests {
    @Test func hostHasADescription() throws {
      let host = try KernelHost(plan([]))
      #expect(host.description.kind == .kernel)
      #expect(host.description.architecture == .host)
      #expect(host.description.release.first?.isNumber == true)
    }

    @Test func fileThatCannotBeOpenedIsNamed() {
      let at = place(3)
      let files = [
        PlanFile(name: "null", path: "/dev/null", at: place(2)), PlanFile(name: "gpu", path: "/no/such/file", at: at),
      ]
      let before = descriptorCount()
      do {
        _ = try KernelHost(plan([], files: files))
        Issue.record("the file was opened")
      } catch {
        #expect(
          error == DiagnosticsError(.unreadable, [.error("cannot-open", "there is no file /no/such/file", at: at)]))
      }
      #expect(descriptorCount() == before)
    }

    /// A folder can be opened for reading only.
    @Test func fileIsOpenedReadOnlyIfItCannotBeWritten() throws {
      let before = descriptorCount()
      do {
        let host = try KernelHost(plan([], files: [PlanFile(name: "root", path: "/", at: place(2))]))
        #expect(descriptorCount() == before + 2)
        _ = host.description
      }
      #expect(descriptorCount() == before)
    }

    @Test func durationOfACallIsRecorded() throws {
      let report = try run([createVM])
      #expect(report.entries[0].result.nanoseconds ?? 0 > 0)
    }
  }
}
