import Diagnostics
import Vocabulary
import YAMLSyntax

/// How programs report that a call failed: `messages:` of common files.
package struct FailureMessages {
  /// A call that is not on an attribute.
  package struct OtherCall: Hashable, Sendable {
    /// The path of its page, such as `vcpu.init`; nil if the schemas do not describe it.
    package var page: String?
    /// What the call is about, in sentences.
    package var doc: String?
  }

  /// Letters and digits, in lower case, that name a call: `set`, `get`, `has`, `attribute` for any of them, or its name in
  /// the kernel's headers.
  package private(set) var calls: [(words: String, call: String)] = []
  /// What precedes the number of a group if the call is not named, in lower case.
  package private(set) var groups: [(words: String, access: AttributeAccess)] = []
  /// What precedes the number of an errno, in lower case.
  package private(set) var errnos: [String] = []
  /// The calls that are not on attributes and that `DescriptorCall` does not have.
  package private(set) var others: [String: OtherCall] = [:]
  /// Letters and digits, in lower case, that name a part of KVM, with the beginnings of the paths of what they mean.
  package private(set) var subjects: [(words: String, paths: [String])] = []
  /// Words in lower case that say nothing, although attributes have such names.
  package private(set) var commonWords: Set<String> = []
  /// Words in lower case, or beginnings of numbers and of names with `_`, that only messages of an architecture have.
  package private(set) var architectures: [(word: String, architecture: Architecture)] = []

  /// The names of the calls that messages can be about.
  private var names: [String] {
    AttributeAccess.allCases.map(\.rawValue) + ["attribute"] + Set(DescriptorCall.ioctls).union(others.keys).sorted()
  }

  /// Whether messages can be about a call of the kernel's headers that is not on an attribute.
  package func has(_ call: String) -> Bool { others[call] != nil || DescriptorCall.ioctls.contains(call) }

  /// Adds what a file says; what is there already comes first.
  fileprivate mutating func add(_ node: SchemaNode, _ faults: Findings) {
    let reader = KeyReader(
      node, keys: ["calls", "others", "groups", "errnos", "subjects", "common-words", "architectures"],
      of: "'messages'",
      faults)
    for entry in reader["others"]?.entries ?? [] where others[entry.key.value] == nil {
      let call = KeyReader(entry.value, keys: ["page", "doc"], of: "'\(entry.key.value)'", faults)
      others[entry.key.value] = OtherCall(page: call.string("page"), doc: call.string("doc"))
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
    for entry in reader["calls"]?.entries ?? [] {
      guard entry.key.value.utf8.allSatisfy({ $0.isLetterOrDigit }), entry.key.value == entry.key.value.lowercased()
      else {
        faults.error("schema-type", "a call is letters and digits in lower case", at: entry.key.range)
        continue
      }
      guard let call = entry.value.scalar, names.contains(call) else {
        faults.error("schema-type", "a call must be \(names.listed("or"))", at: entry.value.range)
        continue
      }
      calls.append((entry.key.value, call))
    }
    for entry in reader["groups"]?.entries ?? [] {
      guard let access = entry.value.scalar.flatMap(AttributeAccess.init) else {
        faults.error("schema-type", "'groups' has set, get or has for each text", at: entry.value.range)
        continue
      }
      groups.append((entry.key.value.lowercased(), access))
    }
    errnos += reader.strings("errnos").map { $0.lowercased() }
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
    var messages = FailureMessages()
    var seen: Set<SourceFile> = []
    for (text, faults) in parts where seen.insert(text.file).inserted {
      if let node = text.child("messages") { messages.add(node, faults) }
    }
    return messages
  }
}
