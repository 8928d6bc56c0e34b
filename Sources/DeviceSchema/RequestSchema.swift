import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// A call that `calls` describes by its macro in the uapi:
/// `KVM_IRQ_LINE: _IOW(KVMIO, 0x61, struct kvm_irq_level)`.
package struct RequestSchema {
  /// The name of the step in manifests.
  package var name: String
  package var constant: String
  /// The number of the request.
  package var request: UInt32
  /// The struct that the pointer points to.
  package var type: PayloadType
  /// Whether the kernel writes the struct, or what its members point to.
  package var isWritten: Bool
  /// Whether the call answers a new descriptor.
  package var makesDescriptor: Bool
  package var doc: String?
  package var lifetime: Lifetime
  /// Nil if the call is made and not predicted.
  package var rules: RuleFrame?
  package var source: SourceRange
}

extension RequestSchema {
  static let keys = ["payload", "written", "answer", "do", "doc", "since", "until", "documented"]

  /// Reads an entry of `calls` that has a constant; nil if it has faults.
  init?(_ entry: SchemaEntry, _ constant: SchemaEntry, in file: SchemaFile, _ catalogue: Catalogue) {
    let faults = catalogue.faults
    let reader = KeyReader(entry.value, keys: Self.keys, of: "'\(entry.key.value)'", faults)
    let node = constant.value.node
    guard let macro = Macro(node.scalar ?? "") else {
      faults.error(
        "schema-type", "a call needs its macro, such as '_IOW(KVMIO, 0x61, struct kvm_irq_level)'", at: node.range)
      return nil
    }
    let payloads = PayloadReader(faults: faults, scope: catalogue.scope(of: file, .constant))
    func type(_ node: Node) -> PayloadType? { payloads.alternatives(node).first?.type }
    var own = PayloadType.none
    if let text = macro.type {
      guard let found = type(Node(.scalar(text, .plain), at: node.range)) else { return nil }
      own = found
    }
    guard let size = own.fixedSize, size < 1 << 13 else {
      faults.error("schema-type", "the struct of a call must have a fixed size below 8 KiB", at: node.range)
      return nil
    }
    // Some macros do not name what the kernel copies.
    if let payload = reader["payload"] {
      guard let found = type(payload) else { return nil }
      own = found
    }
    self.type = own
    (name, self.constant, source) = (entry.key.value, constant.key.value, entry.key.range)
    request = catalogue.architecture.request(
      type: 0xAE, number: macro.number, isRead: macro.isRead, isWritten: macro.isWritten, size: size)
    isWritten = macro.isWritten || reader.bool("written")
    makesDescriptor = reader.string("answer") == "fd"
    if let answer = reader["answer"], answer.scalar != "fd" {
      faults.error("schema-type", "'answer' can only be 'fd', a new descriptor", at: answer.range)
    }
    doc = reader.string("doc")
    lifetime = reader.lifetime()
    let scope = catalogue.scope(of: file, .request(own.valueType(name: "arg"), makesDescriptor: makesDescriptor))
    rules = reader.child("do").map { catalogue.ruleReader(scope).frame($0) }
  }

  /// `_IOW(KVMIO, 0x61, struct kvm_irq_level)` in parts.
  private struct Macro {
    var number: UInt8
    var isRead: Bool
    var isWritten: Bool
    var type: String?

    /// The names that C has for types of the language.
    private static let types = [
      "unsigned long": "ulong", "int": "i32", "__u32": "u32", "__u64": "u64", "__s32": "i32", "__s64": "i64",
    ]

    init?(_ text: String) {
      guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else { return nil }
      let arguments = text[text.index(after: open)...].dropLast().split(separator: ",").map(\.trimmingBlanks)
      let macros = ["_IO": (false, false), "_IOW": (true, false), "_IOR": (false, true), "_IOWR": (true, true)]
      guard let found = macros[String(text[..<open])], arguments.first == "KVMIO",
        arguments.count == (found.0 || found.1 ? 3 : 2),
        let number = IntegerLiteral.parse(arguments[1]).flatMap({ UInt8(exactly: $0) })
      else { return nil }
      self.number = number
      (isRead, isWritten) = found
      type = arguments.count == 3 ? Self.types[arguments[2]] ?? arguments[2] : nil
    }
  }
}

extension SchemaFile {
  /// The descriptor that the calls of this file are made on. Those of a shared file are made on the VM.
  package var isRequestedOnVM: Bool { subject == .vm || isCommon }
}

extension Catalogue {
  /// The call with a number on a descriptor.
  ///
  /// - Parameters:
  ///   - descriptor: the schema of the descriptor; nil if it has none.
  ///   - name: the name of the call, if several calls have the number; nil if it is not known.
  package func request(
    numbered number: UInt32, on descriptor: SchemaFile?, named name: String?
  ) -> (file: SchemaFile, call: RequestSchema)? {
    func isOnDescriptor(_ file: SchemaFile, _ call: RequestSchema) -> Bool {
      call.request == number && (file === descriptor || (file.isCommon && descriptor?.subject == .vm))
    }
    if let found = name.flatMap(request(named:)), isOnDescriptor(found.file, found.call) { return found }
    return requests.first(where: isOnDescriptor)
  }
}
