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
  /// Whether the kernel writes the struct.
  package var isWritten: Bool
  package var doc: String?
  package var lifetime: Lifetime
  /// Nil if the call is made and not predicted.
  package var rules: RuleFrame?
  package var source: SourceRange
}

extension RequestSchema {
  static let keys = ["do", "doc", "since", "until", "documented"]

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
    type = .none
    if let text = macro.type {
      let payloads = PayloadReader(faults: faults, scope: catalogue.scope(of: file, .constant))
      guard let found = payloads.alternatives(Node(.scalar(text, .plain), at: node.range)).first?.type else {
        return nil
      }
      type = found
    }
    guard let size = type.fixedSize, size < 1 << 13 else {
      faults.error("schema-type", "the struct of a call must have a fixed size below 8 KiB", at: node.range)
      return nil
    }
    (name, self.constant, source) = (entry.key.value, constant.key.value, entry.key.range)
    request = catalogue.architecture.request(
      type: 0xAE, number: macro.number, isRead: macro.isRead, isWritten: macro.isWritten, size: size)
    isWritten = macro.isWritten
    doc = reader.string("doc")
    lifetime = reader.lifetime()
    let scope = catalogue.scope(of: file, .request(type.valueType(name: "arg")))
    rules = reader.child("do").map { catalogue.ruleReader(scope).frame($0) }
  }

  /// `_IOW(KVMIO, 0x61, struct kvm_irq_level)` in parts.
  private struct Macro {
    var number: UInt8
    var isRead: Bool
    var isWritten: Bool
    var type: String?

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
      type = arguments.count == 3 ? arguments[2] : nil
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
  /// - Parameter descriptor: the schema of the descriptor; nil if it has none.
  package func request(
    numbered number: UInt32, on descriptor: SchemaFile?
  ) -> (file: SchemaFile, call: RequestSchema)? {
    requests.first { file, call in
      call.request == number && (file === descriptor || (file.isCommon && descriptor?.subject == .vm))
    }
  }
}
