import Expressions
import Vocabulary
import YAMLSyntax

/// Memory that a call makes as a descriptor, and that memory regions can use.
package struct DescriptorMemory {
  /// The key of memory regions that use it, such as `guest-memfd`.
  package var name: String
  /// The call that makes it. The member `size` of its struct is the size of the memory.
  package var call: RequestSchema
  /// The bit of the flag of memory slots that use it.
  package var flag: Int

  /// The key for an offset in it.
  package var offsetName: String { Self.offsetName(name) }

  /// The struct without the size, which is that of the region in a declaration.
  package var members: StructureType

  package static let size = "size"

  package static func offsetName(_ name: String) -> String { name + "-offset" }
}

extension Catalogue {
  /// The entries of `arg` of the VM's `add-memory` beside `flags`.
  private var entriesOfMemory: [SchemaEntry] {
    let arguments = vm?.text.part("calls", "add-memory")?.value[key: "arg"]?.entries ?? []
    return arguments.filter { $0.key.value != "flags" }
  }

  /// The name of the descriptor memory, even if its entry has faults. Most manifests need no more of it.
  package var descriptorMemoryName: String? { entriesOfMemory.first?.key.value }

  /// What rules see of the memory of a region, even if its entry has faults.
  package var namesOfDescriptorMemory: [String] {
    entriesOfMemory.map(\.key.value).flatMap { [$0.identifier, DescriptorMemory.offsetName($0).identifier] }
  }

  /// Reads the entry; nil if there is none, or it has faults.
  func readDescriptorMemory() -> DescriptorMemory? {
    let others = entriesOfMemory
    for entry in others.dropFirst() {
      faults.error("schema-unknown-key", "'arg' has 'flags' and one key for memory at most", at: entry.key.range)
    }
    guard let entry = others.first else { return nil }
    let name = entry.key.value
    let reader = KeyReader(entry.value, keys: ["call", "flag"], of: "'\(name)'", faults)
    guard let call = reader.string("call").flatMap(request(named:))?.call, call.makesDescriptor,
      case .structure(let type) = call.type, type.fields.contains(where: { $0.name == DescriptorMemory.size })
    else {
      faults.error(
        "schema-unknown-name",
        "'\(name)' needs 'call', the name of a call that answers a new descriptor and has a member 'size'",
        at: reader["call"]?.range ?? entry.key.range)
      return nil
    }
    guard let flag = memoryFlags.flags.first(where: { $0.name == reader["flag"]?.scalar }) else {
      faults.error(
        "schema-unknown-name", "'\(name)' needs 'flag', the flag of the memory slots that use it",
        at: reader["flag"]?.range ?? entry.key.range)
      return nil
    }
    let members = StructureType(
      name: type.name, fields: type.fields.filter { $0.name != DescriptorMemory.size })
    return DescriptorMemory(name: name, call: call, flag: flag.bit, members: members)
  }
}
