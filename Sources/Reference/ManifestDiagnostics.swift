import Vocabulary

extension DiagnosticReference {
  /// The diagnostics of manifests, files and hosts.
  package static let manifests = DiagnosticReference([
    // The text
    Entry(
      "yaml-syntax", "A manifest is valid YAML.",
      "Nothing after this place is read. Put values with ${...}, and values that begin with a character that has a meaning in YAML, in double quotes."
    ),
    Entry("duplicate-key", "A mapping has each key once.", "YAML would silently use one of the two values."),
    Entry(
      "merge-key", "Merge keys (<<) are not supported.",
      "Their result depends on the tool that reads them. Write the keys out; put what all vCPUs share under vcpus.attributes."
    ),
    Entry("complex-key", "A key is plain text, not a mapping or a list."),
    Entry("yaml-tag", "Tags (!!int, !foo) are not supported.", "The schema of an attribute gives a value its type."),
    Entry("undefined-alias", "An alias (*name) needs an anchor (&name) above it."),
    Entry("too-deep", "Mappings and lists are nested at most 64 levels deep."),
    Entry(
      "too-many-aliases", "The number of nodes that aliases expand to is limited.",
      "A few hundred bytes of aliases can expand to gigabytes."),
    Entry(
      "too-large", "A file has at most 64 MiB, and a single value at most 1 MiB.",
      "A byte string's file has at most 1 MiB, and all byte strings of a manifest together at most 64 MiB. A device has at "
        + "most 64 alternative types."),
    Entry("not-utf-8", "A manifest is UTF-8 text."),
    Entry("empty-document", "A file has at least one manifest."),
    Entry("cannot-read", "Every file that is named can be read.", "The exit status is 66."),
    Entry("cannot-write", "An output file, and standard output, can be written.", "The exit status is 73."),
    Entry("bad-probe", "probe --compare takes two files that `probe --format json` wrote, for the same architecture."),
    Entry("bad-plan", "A compiled plan is complete and undamaged, and this kvmconf supports its version."),
    Entry(
      "bad-configuration",
      "A .kvmconf.yaml is a mapping with schemas, host-facts, kernel, severity and fail-on; an option of the library has the form of its key.",
      "kvmconf uses the nearest one, in the folder of the manifest or above it, and does not look above a folder with .git. --no-config ignores it, and --verbose reports it."
    ),
    Entry(
      "renamed-id", "A .kvmconf.yaml names diagnostics by their present ids.",
      "An old id still works; put the new one in its place."),
    // Extended files
    Entry(
      "bad-base", "An extended file has exactly one manifest.",
      "A chain of files that extend each other has at most 16 files."),
    Entry("circular-extends", "A file does not extend itself, directly or through other files."),
    Entry(
      "nothing-to-remove", "A null removes something that the extended manifest has.",
      "Remove a device with {name: NAME, type: null}. Put text that is the word null in quotes."),
    // Structure
    Entry(
      "unknown-key", "A mapping has only the keys that it defines.",
      "Otherwise a misspelt key would be silently ignored."),
    Entry("missing-key", "A mapping has all the keys that it requires."),
    Entry("conflicting-keys", "A mapping does not have two keys that exclude each other."),
    Entry(
      "wrong-kind", "A value is a scalar, a mapping or a list, as its key requires.",
      "An attribute that can be set more than once, or whose number has fields, takes a list, even for one entry."),
    Entry("unknown-version", "This kvmconf supports the manifest's version of the language: kvmconf: 1."),
    Entry("unknown-architecture", "The architecture is one of \(Architecture.names.joined(separator: ", "))."),
    Entry(
      "wrong-architecture", "The names in a manifest are those of its architecture.",
      "If all of several names belong to another one, 'arch' is probably wrong."),
    Entry("no-schemas", "There are schemas for the architecture.", "Add some with --schemas DIR."),
    Entry(
      "misplaced-step", "create-vm is the first step, and occurs only once.",
      "It cannot follow a declarative part, which creates the VM."),
    Entry(
      "no-initialisation", "init-vcpu needs an architecture with a call that initialises vCPUs.",
      "KVM_ARM_VCPU_INIT is such a call. On other architectures a vCPU is ready when it is created."),
    // The map
    Entry(
      "address-overlap", "Devices, and the guest's memory, are at different addresses.",
      "No call refuses an overlap, but the guest reaches only one of the two: the memory, if one of them is memory. "
        + "kvmconf map draws all addresses and names the free ones."),
    Entry(
      "interrupt-collision", "Each interrupt belongs to one device.",
      "No call refuses this. kvmconf map lists the interrupts in use and the free ones."),
    // Names
    Entry(
      "unknown-device-type", "The architecture has the device type.",
      "kvmconf schema list prints the device types. {number: N} names a type without a schema, and ARCH/NAME, in steps, a type of another architecture."
    ),
    Entry("unknown-group", "The device type has the group."),
    Entry(
      "unknown-attribute", "The group has the attribute.",
      "kvmconf explain TYPE.GROUP prints its attributes. If a group has a single attribute without a name, the path ends at the group."
    ),
    Entry("unknown-feature", "A vCPU feature is a feature of the architecture, or the number of a bit."),
    Entry(
      "bad-feature",
      "An optional feature has a capability by which a host says that it has it; at most three are optional."),
    Entry("unknown-capability", "The architecture's schemas describe the capability."),
    Entry("unknown-name", "A name in place of a number is a name of that value."),
    Entry(
      "unknown-device", "A path begins with vm, vcpu.ID, system, or the name of a device that exists at this step.",
      "A create that is expected to fail defines no name, and close ends the name."),
    Entry("unknown-target", "A path begins with the name of a device, vm, vcpu.ID or system."),
    Entry("unknown-vcpu", "A vCPU is named by the id it was created with."),
    Entry(
      "unknown-step", "A step begins with the name of a call.",
      "create-vm, add-memory, enable-capability, create-irqchip, create-vcpu, init-vcpu, test, create, close, set, get, has, run"
    ),
    Entry("unknown-errno", "An expected answer is ok or the name of an errno."),
    Entry("unknown-file", "The value of a descriptor is the name of an entry in files."),
    Entry("duplicate-name", "The names of devices and the ids of vCPUs are unique."),
    Entry(
      "set-twice", "Each attribute, with each key, is set once, and each capability and each bit is listed once.",
      "The earlier value is lost. Attributes whose values add to each other, such as a register that sets bits, may be set several times."
    ),
    Entry("bad-name", "A device is not called vm, vcpu or system, and its name has no dot."),
    Entry(
      "ambiguous-device", "A device that steps use has a single type.",
      "If it has alternative types, only the host decides which one exists."),
    Entry("no-vcpus", "A VM has at least one vCPU, if it declares any."),
    Entry(
      "not-ready", "After all calls of a manifest, KVM_RUN enters every vCPU.",
      "The model enters each vCPU once, after the last call. If the kernel would refuse, the diagnostic is at the setting that is wrong, or where the missing one belongs. A warning says what the guest cannot use although it runs. A manifest that is not complete says 'ready: false'. A manifest with steps is checked only if it says 'ready: true'."
    ),
    // Values
    Entry("missing-value", "An attribute with a payload has a value."),
    Entry(
      "unexpected-value", "An attribute without a payload has no value.", "Write nothing after the colon, as in init:."),
    Entry(
      "bad-integer", "An integer is decimal, 0x, 0o or 0b, with _ between digits and KiB, MiB, GiB or TiB at the end.",
      "No other form is accepted: 0777 is seven hundred and seventy-seven, and 1e3 and 64MB are errors."),
    Entry(
      "value-out-of-range", "A value fits into its type.",
      "A value that does not fit cannot be sent, and is never truncated. The model predicts whether the kernel accepts a value that fits."
    ),
    Entry(
      "empty-list", "A repeated step has something to repeat it for.",
      "The list of 'for' is a range whose end is before its beginning, a table without such rows, or there are no vCPUs."
    ),
    Entry("bad-boolean", "A switch is true or false."),
    Entry("bad-bytes", "A byte string is hexadecimal or base64."),
    Entry("bad-file", "A byte string's file and an extended file are regular files that can be read."),
    Entry(
      "file-outside", "A byte string's file is in the manifest's folder or below it.",
      "A manifest must not be able to read any file of the machine. The path is relative to that folder, and neither .. nor a link may leave it. Extended files stay in the folder of the first manifest."
    ),
    Entry(
      "wrong-size", "A byte string has the size that its schema requires.",
      "It is not truncated or padded, so the fields after it in a struct keep their places."),
    Entry("bad-descriptor", "Bare descriptors, {fd: -1}, are allowed only in steps."),
    Entry(
      "file-not-allowed", "The attribute's schema allows the file to be opened.",
      "A manifest must not be able to open any file of the machine."),
    // Parameters
    Entry("bad-expression", "${...} contains an expression over the parameters."),
    Entry("unknown-parameter", "Every parameter that is used or set is declared under parameters."),
    Entry("unused-parameter", "Every parameter is used."),
    Entry(
      "unused-file", "Every file is used.",
      "The loader opens each file before the first call, whether it is used or not."),
    Entry(
      "not-a-manifest", "A YAML file in a folder is a manifest.",
      "A file without the keys kvmconf, arch and extends belongs to another program, and is skipped. Name it on the command line to validate it. A file with arch and kernel, but without kvmconf, has facts of a host, as probe --facts writes them: name it NAME.facts.yaml."
    ),
    Entry(
      "unused-ignore", "A comment '# kvmconf: ignore ID' turns a diagnostic off.",
      "The diagnostic is reported on the line of the comment, or on the first line after the comments that it is in. If the problem is gone, remove the comment. A comment such as '# kvmconf: disable ID' turns nothing off. With several hosts, the comment is unused only if it is so on all of them."
    ),
    Entry(
      "no-host", "One of the hosts has the manifest's architecture.",
      "With several --kernel or --host-facts, a manifest is left out on hosts of other architectures. Name a file of facts from a host of its architecture."
    ),
    Entry(
      "no-such-release", "The release exists.",
      "A major number has a last release when the next number has begun. For a later release with that number, the answers of the last one are assumed."
    ),
    Entry(
      "newer-release", "The schemas describe the release.",
      "For a newer one, the answers of the newest release that they describe are assumed."),
    Entry(
      "older-release", "The schemas describe the release.",
      "For an older one, the answers of the oldest release that they describe are assumed, apart from the few older changes that are known."
    ),
    Entry("missing-parameter", "Every parameter has a default, or a value from --set NAME=VALUE."),
    Entry("outcome-differs", "conform: the kernel answers a step as the model predicts."),
    Entry("value-differs", "conform: a get reads the value that the model predicts."),
    Entry(
      "bad-quirks",
      "A file of quirks has 'quirks', a list of mappings with operation, target, attribute, kernel (the answer) and reason."
    ),
    Entry(
      "bad-baseline",
      "validate --baseline: every line of the file has the name of a manifest, an id and a fingerprint.",
      "validate --write-baseline writes such a file."),
    Entry(
      "bad-shard", "merge: the reports are those of all shards of one validation, each once.",
      "Each comes from validate --shard K/N --format json, by the same kvmconf, with the same manifests, files that these name, hosts, facts and settings. A report that was changed is refused."
    ),
    Entry(
      "bad-report",
      "A recorded report is complete, comes from a kernel, and belongs to the manifest that it is compared with.",
      "Record one with apply --keep-going --format json or kvmload --keep-going --json."),
    Entry(
      "assumed-vcpus", "If the number of vCPUs is supplied at load time, validate needs a number, or assumes one vCPU.",
      "Give it with --set NAME=N, or with a default of the parameter."),
    Entry(
      "load-parameter",
      "A parameter that is supplied at load time is the whole value of an attribute, or of one of its fields.",
      "Such a parameter is declared with at: load. It cannot decide a name, a number or a count in the plan."),
    Entry("parameter-type", "A parameter's value has the parameter's type."),
    Entry(
      "unsayable-step", "render --steps: an explicit step can express every call of the plan.",
      "This is true of all manifests, but not of every compiled plan from elsewhere."),
    // Hosts and outcomes
    Entry("unknown-fact", "The architecture's schemas declare the host fact."),
    Entry("bad-facts", "Host facts are a mapping from names to values of the facts' types."),
    Entry("unexpected-outcome", "Each step ends as expected: with ok, or with the errno that expect names."),
    Entry("value-mismatch", "A get reads the value in the manifest."),
    Entry(
      "undecided", "The model can predict the kernel's answer.",
      "It cannot if the answer depends on something unknown about the host. Add facts with --host-facts FILE, or make this an error with --fail-on undecided."
    ),
    Entry("hazard", "No call would crash or hang the kernel.", "apply refuses such a plan before it makes any call."),
    Entry("ordering-cycle", "The schemas' rules of order for these calls can all be met."),
    Entry("no-kvm", "There is a usable /dev/kvm.", "The exit status is 69. --on model rehearses the plan without it."),
    Entry(
      "other-architecture", "A plan is applied on a host of its own architecture.",
      "The exit status is 69. --on model rehearses it on any host."),
    Entry("cannot-open", "The files that payloads name can be opened.", "The exit status is 66."),
    Entry(
      "schema-evaluation", "The rules of a schema can be evaluated.",
      "This is a fault of the schema, not of the manifest. Please report it if the schema is built in."),
  ])
}
