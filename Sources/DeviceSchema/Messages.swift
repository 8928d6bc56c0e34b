import Diagnostics
import Vocabulary
import YAMLSyntax

/// How programs report that a call failed: `messages:` of common files.
package struct FailureMessages {
  /// Letters and digits, in lower case, that name a call: `set`, `get`, `has`, or its name in the kernel's headers.
  package private(set) var calls: [(words: String, call: String)] = []
  /// What precedes the number of a group if the call is not named, in lower case.
  package private(set) var groups: [(words: String, access: AttributeAccess)] = []
  /// What precedes the number of an errno, in lower case.
  package private(set) var errnos: [String] = []

  /// The names of the calls that messages can be about.
  private static let names = AttributeAccess.allCases.map(\.rawValue) + Set(DescriptorCall.ioctls).sorted()

  /// Adds what a file says; what is there already comes first.
  fileprivate mutating func add(_ node: SchemaNode, _ faults: Findings) {
    let reader = KeyReader(node, keys: ["calls", "groups", "errnos"], of: "'messages'", faults)
    for entry in reader["calls"]?.entries ?? [] {
      guard entry.key.value.utf8.allSatisfy({ $0.isLetterOrDigit }), entry.key.value == entry.key.value.lowercased()
      else {
        faults.error("schema-type", "a call is letters and digits in lower case", at: entry.key.range)
        continue
      }
      guard let call = entry.value.scalar, Self.names.contains(call) else {
        faults.error("schema-type", "a call must be \(Self.names.listed("or"))", at: entry.value.range)
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
