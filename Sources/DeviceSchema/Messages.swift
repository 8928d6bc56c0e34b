import Diagnostics
import Vocabulary
import YAMLSyntax

/// How programs report that a call failed: `messages:` of common files.
package struct FailureMessages {
  /// A call that is not on an attribute.
  package struct OtherCall: Hashable, Sendable {
    /// The path of its page, such as `vcpu.init`; nil if the schemas do not describe it.
    package var page: String?
    /// The calls that take its place on some architectures.
    package var calls: [Architecture: String] = [:]
    /// The attributes that the same words of programs can be about.
    package var attributes: [String] = []
    /// What the call is about, in sentences.
    package var doc: String?
    /// The meanings of errnos that come from the host or the guest, and not from the rules of a schema.
    package var reasons: [String: String] = [:]
  }

  /// Letters and digits, in lower case, that name a call: `set`, `get`, `has`, `attribute` for any of them, its name in the
  /// kernel's headers, or the id of a refusal.
  package private(set) var calls: [(words: String, call: String)] = []
  /// Words of the same form that name a call only in a message that also names a part of KVM, such as `create`.
  package private(set) var verbs: [(words: String, call: String)] = []
  /// Words of the same form that programs print at last, whatever failed. They name a call only if nothing else does.
  package private(set) var lastCalls: [(words: String, call: String)] = []
  /// The calls that schemas describe, by their names in the kernel's headers.
  private let described: Set<String>
  /// The letters and digits, in lower case, of the names of calls in the kernel's headers, without KVM_. They name the call
  /// if they are whole words of a message. Longer ones come first.
  package private(set) var callNames: [(words: String, call: String)] = []
  /// What precedes the number of a group if the call is not named, in lower case.
  package private(set) var groups: [(words: String, access: AttributeAccess)] = []
  /// The words of a line with which the report of one failure begins, in lower case.
  package private(set) var reports: [String] = []
  /// What precedes the number of an errno, in lower case.
  package private(set) var errnos: [String] = []
  /// Calls that are not on attributes: where their page is, or a text for those that no schema describes.
  package private(set) var others: [String: OtherCall] = [:]
  /// Letters and digits that name a part of KVM, with the beginnings of the paths of what they mean. Those with capital
  /// letters are whole words of a message, in the same case.
  package private(set) var subjects: [(words: String, paths: [String])] = []
  /// Words in lower case that say nothing, although attributes have such names.
  package private(set) var commonWords: Set<String> = []
  /// Words in lower case, or beginnings of numbers and of names with `_`, that only messages of an architecture have.
  package private(set) var architectures: [(word: String, architecture: Architecture)] = []
  /// Names of registers, in lower case, that no schema has: its name there, or the call that sets the register.
  package private(set) var registers: [String: String] = [:]
  /// What precedes the names of registers in other programs, such as `MSR_`.
  package private(set) var registerPrefixes: [String] = []

  fileprivate init(described: Set<String>) { self.described = described }

  /// The names of the calls that messages can be about.
  private var names: [String] {
    AttributeAccess.allCases.map(\.rawValue) + ["attribute"] + described.union(others.keys).sorted()
  }

  /// Whether messages can be about a call of the kernel's headers that is not on an attribute.
  package func has(_ call: String) -> Bool { others[call] != nil || described.contains(call) }

  /// Whether what a phrase means is the id of a refusal, and not a call.
  package func isReason(_ name: String) -> Bool { name.contains(":") }

  /// Adds what a file says; what is there already comes first.
  fileprivate mutating func add(_ node: SchemaNode, _ faults: Findings) {
    let reader = KeyReader(
      node,
      keys: [
        "calls", "verbs", "last-calls", "others", "groups", "reports", "errnos", "subjects", "common-words",
        "architectures", "registers", "register-prefixes",
      ],
      of: "'messages'",
      faults)
    for entry in reader["others"]?.entries ?? [] where others[entry.key.value] == nil {
      let call = KeyReader(
        entry.value, keys: ["page", "calls", "attributes", "doc", "reasons"], of: "'\(entry.key.value)'", faults)
      var other = OtherCall(
        page: call.string("page"), attributes: call.strings("attributes"), doc: call.string("doc"))
      for entry in call["calls"]?.entries ?? [] {
        guard let architecture = Architecture(rawValue: entry.key.value), let call = entry.value.scalar else {
          faults.error("schema-type", "'calls' has a call for each architecture", at: entry.value.range)
          continue
        }
        other.calls[architecture] = call
      }
      for reason in call["reasons"]?.entries ?? [] where reason.key.errno(faults) != nil {
        other.reasons[reason.key.value] = reason.value.scalar
      }
      others[entry.key.value] = other
    }
    for entry in reader["subjects"]?.entries ?? [] {
      let paths = entry.value.items?.compactMap(\.scalar) ?? [entry.value.scalar].compactMap(\.self)
      subjects.append((entry.key.value, paths))
    }
    commonWords.formUnion(reader.strings("common-words"))
    for entry in reader["architectures"]?.entries ?? [] {
      guard let architecture = entry.value.scalar.flatMap({ Architecture(rawValue: $0) }) else {
        faults.error("schema-type", "'architectures' has an architecture for each word", at: entry.value.range)
        continue
      }
      architectures.append((entry.key.value, architecture))
    }
    for entry in reader["registers"]?.entries ?? [] {
      guard let register = entry.value.scalar else {
        faults.error("schema-type", "'registers' has a name or a call for each register", at: entry.value.range)
        continue
      }
      if registers[entry.key.value.lowercased()] == nil { registers[entry.key.value.lowercased()] = register }
    }
    registerPrefixes += reader.strings("register-prefixes")
    calls += phrases(reader["calls"], faults)
    verbs += phrases(reader["verbs"], faults)
    lastCalls += phrases(reader["last-calls"], faults)
    for entry in reader["groups"]?.entries ?? [] {
      guard let access = entry.value.scalar.flatMap(AttributeAccess.init) else {
        faults.error("schema-type", "'groups' has set, get or has for each text", at: entry.value.range)
        continue
      }
      groups.append((entry.key.value.lowercased(), access))
    }
    reports += reader.strings("reports").map { $0.lowercased() }
    errnos += reader.strings("errnos").map { $0.lowercased() }
  }

  private func phrases(_ node: Node?, _ faults: Findings) -> [(words: String, call: String)] {
    (node?.entries ?? []).compactMap { entry -> (words: String, call: String)? in
      guard entry.key.value.utf8.allSatisfy({ $0.isLetterOrDigit }), entry.key.value == entry.key.value.lowercased()
      else {
        faults.error("schema-type", "a call is letters and digits in lower case", at: entry.key.range)
        return nil
      }
      guard let call = entry.value.scalar, names.contains(call) || isReason(call) else {
        faults.error("schema-type", "a call must be \(names.listed("or"))", at: entry.value.range)
        return nil
      }
      return (entry.key.value, call)
    }
  }

  /// Sets `callNames`, when all files are read. A short name, such as that of KVM_RUN, and a common word, such as that of
  /// KVM_INTERRUPT, are also English, and that of a call in `calls` has its place there.
  fileprivate mutating func collectCallNames() {
    let all = described.union(others.keys).filter { $0.hasPrefix("KVM_") }.sorted {
      ($1.utf8.count, $0) < ($0.utf8.count, $1)
    }
    let known = Set(calls.map(\.words))
    callNames = all.map { ($0.dropFirst(4).lowercased().filter { $0 != "_" }, $0) }.filter {
      $0.words.utf8.count > 4 && !known.contains($0.words) && !commonWords.contains($0.words)
    }
  }
}

extension [Catalogue] {
  /// The messages of all files, the last file first and built-in files last. Architectures can share files.
  package var messages: FailureMessages {
    let files = flatMap { catalogue in catalogue.files.reversed().map { (text: $0.text, faults: catalogue.faults) } }
    var parts = files.filter { !$0.text.file.isBuiltIn } + files.filter(\.text.file.isBuiltIn)
    if let faults = first?.faults, !contains(where: { $0.files.contains { $0.subject == .common("messages") } }) {
      parts.append((SchemaSource.builtIn("common/messages.yaml").text(faults), faults))
    }
    let requests = flatMap { $0.requests.map(\.call.constant) }
    var messages = FailureMessages(described: Set(requests + DescriptorCall.ioctls))
    var seen: Set<SourceFile> = []
    for (text, faults) in parts where seen.insert(text.file).inserted {
      if let node = text.child("messages") { messages.add(node, faults) }
    }
    messages.collectCallNames()
    return messages
  }
}
