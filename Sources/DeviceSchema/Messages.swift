import Diagnostics
import Vocabulary
import YAMLSyntax

/// How programs report that a call failed: `messages:` of common files.
package struct FailureMessages {
  /// Letters and digits, in lower case, that name a call: `set`, `get`, `has`, or its name in the kernel's headers.
  package private(set) var calls: [(words: String, call: String)] = []
  /// What precedes the number of a group if the call is not named.
  package private(set) var groups: [(words: String, access: AttributeAccess)] = []
  /// What precedes the number of an errno.
  package private(set) var errnos: [String] = []

  package init() {}

  /// Adds what a file says; what is there already comes first.
  fileprivate mutating func add(_ node: SchemaNode, _ faults: Findings) {
    let reader = KeyReader(node, keys: ["calls", "groups", "errnos"], of: "'messages'", faults)
    for entry in reader["calls"]?.entries ?? [] {
      let call = entry.value.scalar ?? ""
      guard entry.key.value.utf8.allSatisfy({ $0.isLetterOrDigit }), entry.key.value == entry.key.value.lowercased(),
        AttributeAccess(rawValue: call) != nil || call.hasPrefix("KVM_")
      else {
        faults.error(
          "schema-type", "a call is letters and digits in lower case, with set, get, has or a name such as KVM_RUN",
          at: entry.key.range)
        continue
      }
      calls.append((entry.key.value, call))
    }
    for entry in reader["groups"]?.entries ?? [] {
      guard let access = entry.value.scalar.flatMap(AttributeAccess.init) else {
        faults.error("schema-type", "'groups' has set, get or has for each text", at: entry.value.range)
        continue
      }
      groups.append((entry.key.value, access))
    }
    errnos += reader.strings("errnos")
  }
}

extension Catalogue {
  /// What all files say of messages, the last file first, so that added files come before the built-in ones.
  package var messages: FailureMessages {
    var messages = FailureMessages()
    for file in files.reversed() {
      if let node = file.text.child("messages") { messages.add(node, faults) }
    }
    if !files.contains(where: { $0.subject == .common("messages") }),
      let node = SchemaSource.builtIn("common/messages.yaml").text(faults).child("messages")
    {
      messages.add(node, faults)
    }
    return messages
  }
}
