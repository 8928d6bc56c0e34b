import Vocabulary

extension DiagnosticReference {
  /// The diagnostics of manifests, files and hosts.
  package static let manifests = DiagnosticReference([
    // The text
    Entry(
      "yaml-syntax", "The text is YAML.",
      "Nothing behind the place is read. Values with ${...}, and those that begin with a character that has a meaning in YAML, are put in double quotes."
    ),
    Entry("duplicate-key", "A key stands once in a mapping.", "YAML would silently take one of the two values."),
    Entry(
      "merge-key", "There are no merge keys (<<).",
      "Their result depends on the tool that reads them. Write the keys out; what all vCPUs have in common goes under vcpus.attributes."
    ),
    Entry("complex-key", "Keys are plain texts."),
    Entry("yaml-tag", "There are no tags (!!int, !foo).", "A value gets its type from the schema of its attribute."),
    Entry("undefined-alias", "An alias (*name) names an anchor (&name) above it."),
    Entry("too-deep", "Mappings and lists nest at most 64 deep."),
    Entry(
      "too-many-aliases", "Aliases stand for a bounded number of nodes.",
      "A few hundred bytes of aliases can expand to gigabytes."),
    Entry(
      "too-large", "Files and single values have a bounded size: 64 MiB and 1 MiB.",
      "So have the files of byte strings, 1 MiB, and all byte strings of a manifest together, 64 MiB."),
    Entry("not-utf-8", "The text is in UTF-8."),
    Entry("empty-document", "A file holds at least one manifest."),
    Entry("cannot-read", "Every file that is named can be read.", "The exit status is 66."),
    Entry("cannot-write", "The file that compile makes can be written.", "The exit status is 73."),
    Entry("bad-probe", "What is compared is two files that `probe --format json` wrote, of hosts of one architecture."),
    Entry("bad-plan", "A compiled plan is complete and unchanged, and of a version that this kvmconf reads."),
    Entry(
      "bad-configuration", "A .kvmconf.yaml is a mapping of schemas, host-facts, kernel, severity and fail-on.",
      "The nearest one, in the folder of a manifest or above it, is used; a folder with .git is the last that is looked into. --no-config ignores it, and --verbose tells which one it is."
    ),
    // What extends others
    Entry(
      "bad-base", "What a manifest extends is a file with one manifest.",
      "At most 16 files extend each other in a row."),
    Entry("circular-extends", "No file extends itself, neither directly nor through others."),
    Entry(
      "nothing-to-remove", "The word null stands where what is extended has something to remove.",
      "A device is removed by {name: NAME, type: null}. Text that is the word null is put in quotes."),
    // The shape
    Entry(
      "unknown-key", "Every key is one that its mapping can have.",
      "A misspelt key would otherwise be left out silently."),
    Entry("missing-key", "What a mapping must have is there."),
    Entry("conflicting-keys", "Keys that exclude each other do not stand together."),
    Entry(
      "wrong-kind", "A value is a scalar, a mapping or a list, as its key wants.",
      "An attribute that can be set repeatedly, and one whose number is structured, takes a list, also of one entry."),
    Entry("unknown-version", "The manifest is in a version of the language that this kvmconf reads: kvmconf: 1."),
    Entry("unknown-architecture", "The architecture is one of \(Architecture.names.joined(separator: ", "))."),
    Entry("no-schemas", "There are schemas for the architecture.", "--schemas DIR adds some."),
    Entry(
      "misplaced-step", "create-vm is the first step, and the only one of its kind.",
      "Behind a declarative part there is none: that part creates the VM."),
    Entry(
      "no-initialisation", "Only where the architecture has a call that initialises vCPUs is there a step for it.",
      "KVM_ARM_VCPU_INIT is such a call; elsewhere a vCPU is ready as soon as it is created."),
    // Names
    Entry(
      "unknown-device-type", "The device type is one of the architecture's.",
      "kvmconf schema list prints them. {number: N} reaches a type without a schema; ARCH/NAME names another architecture's, in steps."
    ),
    Entry("unknown-group", "The group is one that the device type has."),
    Entry(
      "unknown-attribute", "The attribute is one that its group has.",
      "kvmconf explain TYPE.GROUP prints them. A group without names has one attribute, and the path ends at the group."
    ),
    Entry("unknown-feature", "vCPU features are those of the architecture, or numbers of bits."),
    Entry("unknown-capability", "Capabilities are those that the architecture's schemas describe."),
    Entry("unknown-name", "A word in place of a number is one that the value knows."),
    Entry(
      "unknown-device", "A path begins with the name of a device that exists there, with vm, vcpu.ID or system.",
      "A create that is not expected to succeed binds no name, and close takes it away."),
    Entry("unknown-target", "A path begins with a device's name, vm, vcpu.ID or system."),
    Entry("unknown-vcpu", "A vCPU is named by the id that it was created with."),
    Entry(
      "unknown-step", "A step begins with the name of a call.",
      "create-vm, add-memory, enable-capability, create-irqchip, create-vcpu, init-vcpu, test, create, close, set, get, has, run"
    ),
    Entry("unknown-errno", "An expected answer is ok or the name of an errno."),
    Entry("unknown-file", "A descriptor's value is the name of an entry of files."),
    Entry("duplicate-name", "Names of devices, and ids of vCPUs, are given once."),
    Entry("bad-name", "A device is not called vm, vcpu or system, and its name has no dot."),
    Entry(
      "ambiguous-device", "Steps use devices of one type.",
      "Which alternative of a device exists is known only on the host."),
    Entry("no-vcpus", "Attributes of vCPUs belong to some vCPU."),
    // Values
    Entry("missing-value", "An attribute with a payload has a value."),
    Entry(
      "unexpected-value", "An attribute without a payload has none.",
      "It is written with nothing behind the colon, as in init:."),
    Entry(
      "bad-integer", "An integer is decimal, 0x, 0o or 0b, with _ between digits and KiB, MiB, GiB or TiB behind.",
      "Nothing has a second meaning: 0777 is seven hundred and seventy-seven, 1e3 and 64MB are errors."),
    Entry(
      "value-out-of-range", "A value fits the width of its type.",
      "A value that does not fit cannot be sent, and is never truncated. Whether the kernel takes one that fits is another question, which the model answers."
    ),
    Entry("bad-boolean", "A switch is true or false."),
    Entry("bad-bytes", "A byte string is hex or base64."),
    Entry("bad-file", "The file of a byte string, and one that is extended, is a regular one that can be read."),
    Entry(
      "file-outside", "The file of a byte string is in the manifest's folder or below it.",
      "A manifest must not be able to read any file of the machine. Its path is relative to that folder; neither .. nor a link leads out of it. What is extended stays in the folder of the manifest that was read first."
    ),
    Entry(
      "wrong-size", "A byte string has as many bytes as its schema says.",
      "It is neither cut nor filled up, and what stands behind it in a struct keeps its place."),
    Entry("bad-descriptor", "Bare descriptors, {fd: -1}, exist in steps only."),
    Entry(
      "file-not-allowed", "A file is one that the attribute's schema allows to be opened.",
      "A manifest must not be able to open any file of the machine."),
    // Parameters
    Entry("bad-expression", "What stands in ${...} is an expression over the parameters."),
    Entry("unknown-parameter", "Every parameter that is used or set is declared under parameters."),
    Entry("unused-parameter", "Every parameter is used."),
    Entry("missing-parameter", "Every parameter has a value: its default, or --set NAME=VALUE."),
    Entry("outcome-differs", "conform: the kernel answers a step as the model predicts."),
    Entry("value-differs", "conform: a get reads on the kernel what the model predicts."),
    Entry(
      "bad-quirks",
      "A file of quirks has 'quirks', a list of mappings: operation, target, attribute, kernel (the answer) and reason."
    ),
    Entry(
      "bad-report", "A recorded report is a kernel's, whole, and of the manifest that it is held against.",
      "apply --keep-going --format json writes one, and so does kvmload --keep-going --json."),
    Entry(
      "assumed-vcpus", "Where the number of vCPUs comes with the loader, validate is told one, or assumes one vCPU.",
      "--set NAME=N, or a default of the parameter, tells it."),
    Entry(
      "load-parameter",
      "A parameter that comes with the loader is a whole value of an attribute, or of one of its fields.",
      "It is declared with at: load. What is known only then can decide no name, number or count of the plan."),
    Entry("parameter-type", "A parameter's value has its type."),
    Entry(
      "unsayable-step", "render --steps: each call of a plan is one that an explicit step can write.",
      "Those of manifests are; a compiled plan can come from elsewhere."),
    // Hosts and outcomes
    Entry("unknown-fact", "A host fact is one that the architecture's schemas declare."),
    Entry("bad-facts", "Host facts are a mapping from names to values of the facts' types."),
    Entry("unexpected-outcome", "A step's outcome is the expected one."),
    Entry("value-mismatch", "A get reads what the manifest says."),
    Entry(
      "undecided", "The model can tell what the kernel would answer.",
      "It cannot where the answer hangs on something that is not known of the host. --host-facts FILE says more; --fail-on undecided makes it an error."
    ),
    Entry("hazard", "No call would crash or hang the kernel.", "apply refuses such a plan before any call."),
    Entry("ordering-cycle", "The order of calls that the schemas ask for is possible."),
    Entry("no-kvm", "There is a usable /dev/kvm.", "The exit status is 69. --on model rehearses the plan without."),
    Entry(
      "other-architecture", "A plan is applied on a host of its architecture.",
      "The exit status is 69. --on model rehearses it anywhere."),
    Entry("cannot-open", "The files that payloads name can be opened.", "The exit status is 66."),
    Entry(
      "schema-evaluation", "The rules of a schema can be evaluated.",
      "A fault of the schema, not of the manifest: please report it if the schema is a built-in one."),
  ])
}
